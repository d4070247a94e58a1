import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { JobWork } from "./job.ts";

export interface CommandWork {
	executable: string;
	words: readonly string[];
	environment: Readonly<Record<string, string | undefined>>;
}

/** So many characters of what it complains are kept. */
const mostWords = 2000;

/**
 * A command of this program as work: it prints `{"progress": ...}` lines on stderr while it runs and its result as one JSON on
 * stdout. In a process of its own, so that measuring takes nothing from the door. Aborting asks it to end with what it has.
 */
export function commandWork({
	executable,
	words,
	environment,
}: CommandWork): JobWork {
	return async ({ onProgress, signal }) => {
		const child = spawn(executable, words, {
			stdio: ["ignore", "pipe", "pipe"],
			env: environment as NodeJS.ProcessEnv,
		});
		const stop = () => child.kill("SIGINT");
		signal.addEventListener("abort", stop, { once: true });
		if (signal.aborted) stop();
		let complaint = "";
		createInterface({ input: child.stderr }).on("line", (line) => {
			const progress = progressOf(line);
			if (progress === undefined)
				complaint = `${complaint}${line}\n`.slice(-mostWords);
			else onProgress(progress);
		});
		const pieces: Buffer[] = [];
		child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
		const code = await new Promise<number | null>((resolve, reject) => {
			child.once("error", reject);
			child.once("close", resolve);
		}).finally(() => signal.removeEventListener("abort", stop));
		const text = Buffer.concat(pieces).toString("utf8").trim();
		if (text !== "") return JSON.parse(text);
		throw new Error(complaint.trim() || `It ended with exit code ${code}.`);
	};
}

function progressOf(line: string): unknown {
	if (!line.startsWith('{"progress":')) return undefined;
	try {
		return (JSON.parse(line) as { progress: unknown }).progress;
	} catch {
		return undefined;
	}
}
