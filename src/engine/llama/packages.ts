import { type Dirent, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { findLibraryFile } from "./library.ts";

/** Prebuilt libllama: one npm package a platform and accelerator, all of the same release. */

export type Accelerator = "cuda" | "metal" | "vulkan" | "cpu";

export interface EnginePackage {
	/** Without the scope, e.g. `linux-x64-cuda`. */
	name: string;
	accelerator: Accelerator;
	platform: NodeJS.Platform;
	architecture: string;
	/** Holds the same accelerator's library for older drivers; installed along. */
	companion: string | null;
}

export interface InstalledEnginePackage extends EnginePackage {
	version: string;
	/** The folder of the shared libraries. */
	folder: string;
	/** Where the companion's libraries lie, tried when `folder`'s own find no device. */
	fallbackFolder: string | null;
}

export interface PackageSearch {
	/** Packages that `galley engines` installs lie here; searched besides Galley's own node_modules. */
	packagesFolder?: string | undefined;
	/** Only this accelerator; otherwise the first of `accelerators` that is installed. */
	accelerator?: Accelerator | undefined;
	platform?: NodeJS.Platform;
	architecture?: string;
}

export const packageScope = "@node-llama-cpp";
/** The release of the packages that carries llama.cpp's `expectedRelease`. */
export const enginePackageVersion = "3.22.1";

/** Fastest first: the order of preference when several are installed. */
export const accelerators: readonly Accelerator[] = [
	"cuda",
	"metal",
	"vulkan",
	"cpu",
];

export const enginePackages: readonly EnginePackage[] = [
	describe("linux", "x64", "cuda", "linux-x64-cuda", "linux-x64-cuda-ext"),
	describe("linux", "x64", "vulkan", "linux-x64-vulkan"),
	describe("linux", "x64", "cpu", "linux-x64"),
	describe("linux", "arm64", "cpu", "linux-arm64"),
	describe("linux", "arm", "cpu", "linux-armv7l"),
	describe("linux", "riscv64", "cpu", "linux-riscv64"),
	describe("darwin", "arm64", "metal", "mac-arm64-metal"),
	describe("darwin", "x64", "cpu", "mac-x64"),
	describe("win32", "x64", "cuda", "win-x64-cuda", "win-x64-cuda-ext"),
	describe("win32", "x64", "vulkan", "win-x64-vulkan"),
	describe("win32", "x64", "cpu", "win-x64"),
	describe("win32", "arm64", "cpu", "win-arm64"),
];

/** The packages that exist for a machine, in order of preference. */
export function listEnginePackages(
	search: PackageSearch = {},
): EnginePackage[] {
	const {
		platform = process.platform,
		architecture = process.arch,
		accelerator,
	} = search;
	return enginePackages
		.filter(
			(entry) =>
				entry.platform === platform && entry.architecture === architecture,
		)
		.filter(
			(entry) => accelerator === undefined || entry.accelerator === accelerator,
		)
		.sort(
			(a, b) =>
				accelerators.indexOf(a.accelerator) -
				accelerators.indexOf(b.accelerator),
		);
}

/** Those of them that are installed, in order of preference. */
export function findInstalledPackages(
	search: PackageSearch = {},
): InstalledEnginePackage[] {
	const roots = searchRoots(search.packagesFolder);
	return listEnginePackages(search).flatMap((entry) => {
		const found = locate(roots, entry.name);
		if (found === null) return [];
		const fallback =
			entry.companion === null ? null : locate(roots, entry.companion);
		return [
			{
				...entry,
				...found,
				fallbackFolder:
					fallback === null ? null : join(fallback.folder, "fallback"),
			},
		];
	});
}

/** Throws when there is nothing to choose from. */
export function selectEnginePackage(
	search: PackageSearch = {},
): InstalledEnginePackage {
	const [best] = findInstalledPackages(search);
	if (best !== undefined) return best;
	const {
		platform = process.platform,
		architecture = process.arch,
		accelerator,
	} = search;
	const candidates = listEnginePackages(search);
	const machine = `${platform} ${architecture}${accelerator === undefined ? "" : ` with ${accelerator}`}`;
	if (candidates.length === 0) {
		throw new GalleyError(
			"engine_unavailable",
			`There is no prebuilt engine for ${machine}. Serve with another engine.`,
		);
	}
	const names = candidates.map(({ accelerator }) => accelerator).join(", ");
	throw new GalleyError(
		"engine_unavailable",
		`No engine for ${machine} is installed. Run \`galley engines install\` with one of: ${names}.`,
	);
}

function describe(
	platform: NodeJS.Platform,
	architecture: string,
	accelerator: Accelerator,
	name: string,
	companion: string | null = null,
): EnginePackage {
	return { name, accelerator, platform, architecture, companion };
}

/** `node_modules` folders from this file upwards, as Node resolves, then the folder of installed engines. */
function searchRoots(packagesFolder: string | undefined): string[] {
	const roots: string[] = [];
	for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
		roots.push(join(folder, "node_modules"));
		if (dirname(folder) === folder) break;
	}
	if (packagesFolder !== undefined)
		roots.push(join(packagesFolder, "node_modules"));
	return roots;
}

function locate(
	roots: readonly string[],
	name: string,
): { version: string; folder: string } | null {
	for (const root of roots) {
		const packageFolder = join(root, packageScope, name);
		const manifest = join(packageFolder, "package.json");
		if (!existsSync(manifest)) continue;
		const folder = findLibraryFolder(join(packageFolder, "bins"));
		if (folder === null) continue;
		const { version } = JSON.parse(readFileSync(manifest, "utf8")) as {
			version: string;
		};
		return { version, folder };
	}
	return null;
}

/** The libraries lie in `bins/<build name>`, whose name Galley need not know; a companion's lie in its `fallback`. */
function findLibraryFolder(bins: string): string | null {
	if (!existsSync(bins)) return null;
	const entries: Dirent[] = readdirSync(bins, { withFileTypes: true });
	for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
		const folder = join(bins, entry.name);
		const names = readdirSync(folder);
		if (names.includes("fallback") || findLibraryFile(names, "llama") !== null)
			return folder;
	}
	return null;
}
