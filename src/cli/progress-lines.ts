import type { Writable } from "node:stream";

/** For a program that started this one: a line of JSON for each news, at most four a second, and the last one. */
export function createProgressLines<Progress>(output: Writable): {
	update(progress: Progress): void;
	clear(): void;
} {
	let last: Progress | null = null;
	let writtenAt = Number.NEGATIVE_INFINITY;
	const write = (progress: Progress) => {
		writtenAt = performance.now();
		last = null;
		output.write(`${JSON.stringify({ progress })}\n`);
	};
	return {
		update(progress) {
			last = progress;
			if (performance.now() - writtenAt >= 250) write(progress);
		},
		clear() {
			if (last !== null) write(last);
		},
	};
}
