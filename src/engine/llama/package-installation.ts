import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import {
	type Accelerator,
	type EnginePackage,
	enginePackageVersion,
	listEnginePackages,
	type PackageSearch,
	packageScope,
} from "./packages.ts";

export interface InstallationOptions extends PackageSearch {
	/** A folder of Galley's own; it becomes an npm prefix. */
	packagesFolder: string;
	accelerator: Accelerator;
	/** Runs npm; a test gives its own. Resolves to the exit code. */
	runNpm?: (commandArguments: readonly string[]) => Promise<number>;
}

/**
 * Fetches the engine for one accelerator with npm, whose output the user sees. The folder keeps its own package.json,
 * so that installing one engine does not prune another; no package's scripts are run.
 */
export async function installEnginePackage(
	options: InstallationOptions,
): Promise<EnginePackage> {
	const entry = packageFor(options);
	const { packagesFolder, runNpm = runNpmVisibly } = options;
	mkdirSync(packagesFolder, { recursive: true });
	const manifest = join(packagesFolder, "package.json");
	if (!existsSync(manifest)) {
		writeFileSync(
			manifest,
			`${JSON.stringify({ name: "galley-engines", private: true, version: "0.0.0" }, null, 2)}\n`,
		);
	}
	const specifications = packageNames(entry).map(
		(name) => `${name}@${enginePackageVersion}`,
	);
	const flags = ["--save-exact", "--ignore-scripts", "--no-audit", "--no-fund"];
	const code = await runNpm([
		"install",
		"--prefix",
		packagesFolder,
		...flags,
		...specifications,
	]);
	if (code !== 0) throw npmFailure("install", entry, code);
	return entry;
}

export async function removeEnginePackage(
	options: InstallationOptions,
): Promise<EnginePackage> {
	const entry = packageFor(options);
	const { packagesFolder, runNpm = runNpmVisibly } = options;
	const flags = ["--ignore-scripts", "--no-audit", "--no-fund"];
	const code = await runNpm([
		"uninstall",
		"--prefix",
		packagesFolder,
		...flags,
		...packageNames(entry),
	]);
	if (code !== 0) throw npmFailure("uninstall", entry, code);
	return entry;
}

function packageFor(options: InstallationOptions): EnginePackage {
	const [entry] = listEnginePackages(options);
	if (entry !== undefined) return entry;
	const {
		platform = process.platform,
		architecture = process.arch,
		accelerator,
	} = options;
	throw new GalleyError(
		"engine_unavailable",
		`There is no prebuilt ${accelerator} engine for ${platform} ${architecture}.`,
	);
}

function packageNames(entry: EnginePackage): string[] {
	return [entry.name, entry.companion]
		.filter((name) => name !== null)
		.map((name) => `${packageScope}/${name}`);
}

function npmFailure(
	command: string,
	entry: EnginePackage,
	code: number,
): GalleyError {
	return new GalleyError(
		"engine_unavailable",
		`npm ${command} of ${packageScope}/${entry.name} ended with code ${code}; its output above says why.`,
	);
}

function runNpmVisibly(commandArguments: readonly string[]): Promise<number> {
	const isWindows = process.platform === "win32";
	return new Promise((resolve, reject) => {
		const child = spawn(isWindows ? "npm.cmd" : "npm", commandArguments, {
			stdio: "inherit",
			shell: isWindows,
		});
		child.once("error", (cause) => {
			reject(
				new GalleyError(
					"engine_unavailable",
					"npm can't be run; install Node.js with npm.",
					{ cause },
				),
			);
		});
		child.once("exit", (code) => resolve(code ?? 1));
	});
}
