import type {
	EmbeddingService,
	RankingService,
} from "../../core/embedding-service.ts";
import type { ApiOptions } from "../api-options.ts";
import {
	createEncoderSurface,
	type EncoderSurface,
} from "../encoders/encoder-server.ts";
import type { RequestEntry } from "../observers.ts";

export interface TestEncoder extends EncoderSurface {
	/** What metrics were told of HTTP requests and gRPC calls. */
	entries: RequestEntry[];
	encoded: { inputs: number; promptTokens: number; seconds: number }[];
	rejections: string[];
	failures: string[];
	lines: { level: string; message: string }[];
}

/** The API over an encoder, with metrics and log lines that can be looked at. */
export function createTestEncoder(
	service: EmbeddingService | RankingService,
	options: Partial<ApiOptions> = {},
): TestEncoder {
	const entries: RequestEntry[] = [];
	const encoded: TestEncoder["encoded"] = [];
	const rejections: string[] = [];
	const failures: string[] = [];
	const lines: TestEncoder["lines"] = [];
	const log = (level: string) => (_fields: object, message: string) =>
		lines.push({ level, message });
	const surface = createEncoderSurface({
		service,
		metrics: {
			contentType: "text/plain; version=0.0.4; charset=utf-8",
			render: async () => "galley:num_requests_running 0\n",
			observeRequest: (entry) => void entries.push(entry as RequestEntry),
			requestRejected: (code) => void rejections.push(code),
			requestEncoded: (request) => void encoded.push(request),
			requestFailed: (code) => void failures.push(code),
		},
		logger: { debug: log("debug"), info: log("info"), error: log("error") },
		options: { version: "1.2.3", ...options },
	});
	return { ...surface, entries, encoded, rejections, failures, lines };
}
