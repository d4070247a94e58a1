import { execFileSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";

/** What a figure depends on beside the code. */
export interface BenchEnvironment {
	cpu: string;
	cpus: number;
	memoryGiB: number;
	platform: string;
	node: string;
	/** With `-dirty` when files differ from it. */
	commit: string;
	date: string;
	/** Of the last minute, before anything was started: above about 0.3, somebody else was computing. */
	loadBefore: number;
}

export function describeEnvironment(): BenchEnvironment {
	const processors = cpus();
	return {
		cpu: processors[0]?.model ?? "unknown",
		cpus: processors.length,
		memoryGiB: Math.round(totalmem() / 2 ** 30),
		platform: `${process.platform}-${process.arch}`,
		node: process.version,
		commit: describeCommit(),
		date: new Date().toISOString(),
		loadBefore: Number(loadavg()[0]?.toFixed(2)),
	};
}

function describeCommit(): string {
	try {
		const git = (...gitArguments: string[]) =>
			execFileSync("git", gitArguments, {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "ignore"],
			}).trim();
		return `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain") === "" ? "" : "-dirty"}`;
	} catch {
		return "unknown"; // an export without its repository
	}
}
