import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelCache, type ModelCacheOptions } from "../cache/model-cache.ts";
import type { ObtainOptions } from "../download/obtain-model.ts";
import type { Patience } from "../hub/hub-settings.ts";
import { HubServer } from "./hub-server.ts";

/** Failures in tests are over in milliseconds. */
export const quickPatience: Patience = {
	connectTimeoutMs: 2000,
	answerTimeoutMs: 300,
	stallTimeoutMs: 150,
	stallBytes: 4096,
	maxAttempts: 4,
	baseDelayMs: 1,
	maxDelayMs: 5,
	maxRetryAfterMs: 5000,
};

/** A hub, an empty cache and patience for milliseconds. */
export class DownloadSetting {
	readonly server: HubServer;
	readonly directory: string;
	readonly cache: ModelCache;

	private constructor(
		server: HubServer,
		directory: string,
		options: ModelCacheOptions,
	) {
		this.server = server;
		this.directory = directory;
		this.cache = new ModelCache(join(directory, "cache"), options);
	}

	static async create(
		options: ModelCacheOptions = {},
	): Promise<DownloadSetting> {
		const directory = await mkdtemp(join(tmpdir(), "galley-models-"));
		return new DownloadSetting(await HubServer.start(), directory, options);
	}

	options(changed: Partial<ObtainOptions> = {}): ObtainOptions {
		return {
			cache: this.cache,
			hub: {
				endpoint: this.server.endpoint,
				mirrors: [],
				token: null,
				proxy: null,
				patience: quickPatience,
			},
			isOffline: false,
			transfer: {
				chunkBytes: 128 * 1024,
				checkpointMs: 20,
				lockTiming: { pollMs: 10 },
			},
			...changed,
		};
	}

	async end(): Promise<void> {
		await this.server.stop();
		await rm(this.directory, { recursive: true, force: true });
	}
}

/** Bytes that look like weights: the same for the same seed, and no two pieces alike. */
export function weights(sizeBytes: number, seed: number): Uint8Array {
	const bytes = new Uint8Array(sizeBytes);
	const words = new Uint32Array(bytes.buffer, 0, sizeBytes >> 2);
	let state = (seed * 2654435761 + 1) >>> 0;
	for (let index = 0; index < words.length; index++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		words[index] = state;
	}
	return bytes;
}
