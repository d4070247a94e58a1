import type { ApiOptions } from "../../api/api-options.ts";
import { createApiServer } from "../../api/server.ts";
import {
	createScriptedService,
	type ScriptedService,
} from "../../api/testing/scripted-service.ts";
import { listenForTest } from "../../api/testing/test-server.ts";
import {
	createServiceMetrics,
	type ServiceMetrics,
} from "../../observability/service-metrics.ts";

export interface WatchedService extends AsyncDisposable {
	url: string;
	scripted: ScriptedService;
	metrics: ServiceMetrics;
}

/** A service without a model on a port, with the real API and the real metrics. */
export async function startWatchedService(
	options: Partial<ApiOptions> = {},
): Promise<WatchedService> {
	const scripted = createScriptedService();
	const metrics = createServiceMetrics({
		modelName: "scripted",
		maxSequences: 8,
		version: "1.2.3",
	});
	const app = createApiServer({
		service: scripted.service,
		metrics,
		logger: { debug() {}, info() {}, error() {} },
		options: { version: "1.2.3", ...options },
	});
	const url = await listenForTest(app);
	return {
		url,
		scripted,
		metrics,
		async [Symbol.asyncDispose]() {
			await app.close();
			metrics[Symbol.dispose]();
		},
	};
}
