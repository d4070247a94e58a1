import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { ApiOptions } from "../api-options.ts";
import type { RequestEntry } from "../observers.ts";
import { createApiServer } from "../server.ts";
import {
	createScriptedService,
	type ScriptedService,
} from "./scripted-service.ts";

export interface TestServer {
	app: FastifyInstance;
	scripted: ScriptedService;
	/** What metrics were told. */
	entries: RequestEntry[];
	/** What was logged. */
	/** Codes of requests that were turned away. */
	rejections: string[];
	lines: { level: string; fields: object; message: string }[];
}

/** A server over a scripted service whose metrics and log lines can be looked at. */
export function createTestServer(
	options: Partial<ApiOptions> = {},
	scripted: ScriptedService = createScriptedService(),
): TestServer {
	const entries: RequestEntry[] = [];
	const rejections: string[] = [];
	const lines: TestServer["lines"] = [];
	const log = (level: string) => (fields: object, message: string) =>
		lines.push({ level, fields, message });
	const app = createApiServer({
		service: scripted.service,
		metrics: {
			contentType: "text/plain; version=0.0.4; charset=utf-8",
			render: async () => "galley:num_requests_running 0\n",
			observeRequest: (entry) => void entries.push(entry as RequestEntry),
			requestRejected: (code) => void rejections.push(code),
		},
		logger: {
			debug: log("debug"),
			info: log("info"),
			error: log("error"),
		},
		options: { version: "1.2.3", ...options },
	});
	return { app, scripted, entries, rejections, lines };
}

/** Listens on a free port of this machine and returns the address. */
export async function listenForTest(app: FastifyInstance): Promise<string> {
	await app.listen({ host: "127.0.0.1", port: 0 });
	const { port } = app.server.address() as AddressInfo;
	return `http://127.0.0.1:${port}`;
}
