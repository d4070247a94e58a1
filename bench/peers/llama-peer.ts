import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The npm package whose `llama/gitRelease.bundle` is the source of the release that Galley's engine is built from. */
const sourcePackage = "node-llama-cpp@3.22.1";
export const llamaRelease = "v0.5.0";

/**
 * A release build for this very processor, as a user would make it: native instructions, OpenMP, no debugging. What is off is off the
 * measured road: downloads, TLS, the web page, tests and examples.
 */
const configureFlags = [
	"-DCMAKE_BUILD_TYPE=Release",
	"-DGGML_NATIVE=ON",
	"-DLLAMA_CURL=OFF",
	"-DLLAMA_OPENSSL=OFF",
	"-DLLAMA_BUILD_TESTS=OFF",
	"-DLLAMA_BUILD_EXAMPLES=OFF",
	"-DLLAMA_BUILD_UI=OFF",
] as const;

const targets = ["llama-server", "llama-batched-bench"] as const;

export interface LlamaPeer {
	server: string;
	batchedBench: string;
}

/** Where builds are kept: outside of the checkout, so that they outlive it. `GALLEY_PEERS_CACHE` moves it. */
export function peerDirectory(
	environment: NodeJS.ProcessEnv = process.env,
): string {
	const root =
		environment.GALLEY_PEERS_CACHE ??
		join(homedir(), ".cache", "galley", "peers");
	return join(root, llamaRelease);
}

/** The built programs, or null when they are not built yet. */
export function findLlamaPeer(directory = peerDirectory()): LlamaPeer | null {
	const programs = targets.map((target) =>
		join(directory, "build", "bin", target),
	);
	const [server = "", batchedBench = ""] = programs;
	return programs.every((program) => existsSync(program))
		? { server, batchedBench }
		: null;
}

/** Programs that a build needs and this machine lacks. */
function missingTools(): string[] {
	const isThere = (tool: string) =>
		spawnSync(tool, ["--version"], { stdio: "ignore" }).status === 0;
	const missing = ["git", "tar", "npm", "cmake"].filter(
		(tool) => !isThere(tool),
	);
	if (!["g++", "clang++", "c++"].some(isThere))
		missing.push("g++ (or clang++)");
	if (!["make", "ninja"].some(isThere)) missing.push("make (or ninja)");
	return missing;
}

/** Builds what is missing, step by step; a finished step is not done again. Takes about a quarter of an hour on two cores. */
export async function buildLlamaPeer(
	jobs: number,
	directory = peerDirectory(),
): Promise<LlamaPeer> {
	const missing = missingTools();
	if (missing.length > 0) {
		throw new Error(
			`Install ${missing.join(", ")} first (on Debian and Ubuntu: apt install build-essential cmake git).`,
		);
	}
	const source = join(directory, "source");
	const build = join(directory, "build");
	if (!existsSync(join(source, "CMakeLists.txt"))) {
		const download = join(directory, "download");
		mkdirSync(download, { recursive: true });
		await run("npm", ["pack", sourcePackage, "--pack-destination", download]);
		const archive = join(download, `${sourcePackage.replace("@", "-")}.tgz`);
		await run("tar", ["-xzf", archive, "-C", download, "package/llama"]);
		checkRelease(
			join(download, "package", "llama", "binariesGithubRelease.json"),
		);
		rmSync(source, { recursive: true, force: true });
		await run("git", [
			"clone",
			join(download, "package", "llama", "gitRelease.bundle"),
			source,
		]);
		rmSync(download, { recursive: true });
	}
	await run("cmake", ["-S", source, "-B", build, ...configureFlags]);
	await run("cmake", [
		"--build",
		build,
		"--config",
		"Release",
		"--parallel",
		String(jobs),
		"--target",
		...targets,
	]);
	const peer = findLlamaPeer(directory);
	if (peer === null)
		throw new Error(
			`The build ended, but ${join(build, "bin")} lacks ${targets.join(" or ")}.`,
		);
	return peer;
}

function checkRelease(path: string): void {
	const { release } = JSON.parse(readFileSync(path, "utf8")) as {
		release: string;
	};
	if (release !== llamaRelease)
		throw new Error(
			`${sourcePackage} holds llama.cpp ${release}, not ${llamaRelease}: correct llama-peer.ts.`,
		);
}

function run(
	command: string,
	commandArguments: readonly string[],
): Promise<void> {
	console.log(`> ${command} ${commandArguments.join(" ")}`);
	return new Promise((resolve, reject) => {
		const child = spawn(command, commandArguments, { stdio: "inherit" });
		child.on("error", reject);
		child.on("exit", (code, signal) => {
			if (code === 0) resolve();
			else
				reject(
					new Error(`${command} ended with ${signal ?? `exit code ${code}`}.`),
				);
		});
	});
}
