import type { ProcessMemory } from "../../../harness/process-memory.ts";

/** Resident bytes of a server's whole process tree. */
export interface MemorySamples {
	startBytes: number;
	middleBytes: number;
	endBytes: number;
	peakBytes: number;
}

const sampleEveryMs = 1000;

/** Looks at a server's memory while it works. */
export class MemorySampler {
	readonly #server: { memory(): ProcessMemory[] };
	readonly #samples: number[] = [];
	readonly #timer: NodeJS.Timeout;

	constructor(server: { memory(): ProcessMemory[] }) {
		this.#server = server;
		this.#take();
		this.#timer = setInterval(() => this.#take(), sampleEveryMs);
	}

	stop(): MemorySamples {
		clearInterval(this.#timer);
		this.#take();
		return summarizeMemory(this.#samples);
	}

	#take(): void {
		this.#samples.push(
			this.#server
				.memory()
				.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
		);
	}
}

export function summarizeMemory(samples: readonly number[]): MemorySamples {
	return {
		startBytes: samples[0] ?? 0,
		middleBytes: samples[Math.floor((samples.length - 1) / 2)] ?? 0,
		endBytes: samples.at(-1) ?? 0,
		peakBytes: Math.max(0, ...samples),
	};
}
