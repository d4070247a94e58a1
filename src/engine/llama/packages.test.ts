import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findLibraryFile } from "./library.ts";
import {
	installEnginePackage,
	removeEnginePackage,
} from "./package-installation.ts";
import {
	enginePackageVersion,
	findInstalledPackages,
	listEnginePackages,
	packageScope,
	selectEnginePackage,
} from "./packages.ts";

let packagesFolder: string;
beforeEach(() => {
	packagesFolder = mkdtempSync(join(tmpdir(), "galley-engines-"));
});
afterEach(() => rmSync(packagesFolder, { recursive: true }));

// Galley's own node_modules hold packages for Linux, so these machines find only what a test puts there.
const windows = { platform: "win32", architecture: "x64" } as const;

function addPackage(
	name: string,
	files: readonly string[],
	libraryFolder = name,
): void {
	const folder = join(packagesFolder, "node_modules", packageScope, name);
	mkdirSync(join(folder, "bins", libraryFolder), { recursive: true });
	writeFileSync(
		join(folder, "package.json"),
		JSON.stringify({ version: enginePackageVersion }),
	);
	for (const file of files) {
		mkdirSync(join(folder, "bins", libraryFolder, file, ".."), {
			recursive: true,
		});
		writeFileSync(join(folder, "bins", libraryFolder, file), "");
	}
}

describe("engine packages", () => {
	it("are those of the machine, the fastest first", () => {
		expect(
			listEnginePackages(windows).map(({ accelerator }) => accelerator),
		).toEqual(["cuda", "vulkan", "cpu"]);
		expect(
			listEnginePackages({ platform: "darwin", architecture: "arm64" }),
		).toHaveLength(1);
		expect(
			listEnginePackages({ platform: "aix", architecture: "ppc64" }),
		).toEqual([]);
	});

	it("are found in the folder of installed engines, with what they bring for older drivers", () => {
		addPackage("win-x64", ["llama.dll"]);
		addPackage("win-x64-cuda", ["llama.dll"], "win-x64-cuda-13");
		addPackage(
			"win-x64-cuda-ext",
			["fallback/ggml-cuda.dll"],
			"win-x64-cuda-12",
		);
		const [first, second] = findInstalledPackages({
			...windows,
			packagesFolder,
		});
		expect(first).toMatchObject({
			name: "win-x64-cuda",
			version: enginePackageVersion,
		});
		expect(first?.folder.endsWith("win-x64-cuda-13")).toBe(true);
		expect(
			first?.fallbackFolder?.endsWith(join("win-x64-cuda-12", "fallback")),
		).toBe(true);
		expect(second).toMatchObject({ name: "win-x64", fallbackFolder: null });
	});

	it("are passed over when their libraries are missing", () => {
		addPackage("win-x64-vulkan", ["readme.txt"]);
		expect(findInstalledPackages({ ...windows, packagesFolder })).toEqual([]);
	});

	it("are chosen by preference or by the accelerator that is asked for", () => {
		addPackage("win-x64", ["llama.dll"]);
		addPackage("win-x64-vulkan", ["llama.dll"]);
		expect(
			selectEnginePackage({ ...windows, packagesFolder }).accelerator,
		).toBe("vulkan");
		expect(
			selectEnginePackage({ ...windows, packagesFolder, accelerator: "cpu" })
				.accelerator,
		).toBe("cpu");
		expect(() =>
			selectEnginePackage({ ...windows, packagesFolder, accelerator: "cuda" }),
		).toThrow(/install/);
	});

	it("say so when there is none for the machine", () => {
		expect(() =>
			selectEnginePackage({ platform: "aix", architecture: "ppc64" }),
		).toThrow(/no prebuilt engine/);
	});

	it("of this machine are installed with Galley", () => {
		expect(selectEnginePackage().version).toBe(enginePackageVersion);
	});
});

describe("installing an engine", () => {
	it("asks npm for the pinned version and its companion, and keeps other engines", async () => {
		const calls: (readonly string[])[] = [];
		const runNpm = async (
			commandArguments: readonly string[],
		): Promise<number> => calls.push(commandArguments) * 0;
		const options = {
			...windows,
			packagesFolder: join(packagesFolder, "new"),
			accelerator: "cuda",
			runNpm,
		} as const;
		await installEnginePackage(options);
		await removeEnginePackage(options);
		const scoped = (name: string): string => `${packageScope}/${name}`;
		const pinned = (name: string): string =>
			`${scoped(name)}@${enginePackageVersion}`;
		expect(calls[0]).toEqual(
			expect.arrayContaining([
				"install",
				"--ignore-scripts",
				pinned("win-x64-cuda"),
				pinned("win-x64-cuda-ext"),
			]),
		);
		expect(calls[0]).not.toContain("--no-save");
		expect(calls[1]).toEqual(
			expect.arrayContaining([
				"uninstall",
				scoped("win-x64-cuda"),
				scoped("win-x64-cuda-ext"),
			]),
		);
		expect(
			JSON.parse(
				readFileSync(join(packagesFolder, "new", "package.json"), "utf8"),
			),
		).toMatchObject({ private: true });
	});

	it("fails when npm fails, and for machines without such an engine", async () => {
		const options = { ...windows, packagesFolder, runNpm: async () => 3 };
		await expect(
			installEnginePackage({ ...options, accelerator: "vulkan" }),
		).rejects.toThrow(/code 3/);
		await expect(
			installEnginePackage({ ...options, accelerator: "metal" }),
		).rejects.toThrow(/no prebuilt metal/);
	});
});

describe("findLibraryFile", () => {
	it("finds libraries whose names carry a release, on every platform", () => {
		const linux = [
			"libggml-base.so",
			"libggml-cpu-zen4.so",
			"libggml.v0.5.0.so",
			"libllama-common.so",
			"libllama.v0.5.0.so",
		];
		expect(findLibraryFile(linux, "llama")).toBe("libllama.v0.5.0.so");
		expect(findLibraryFile(linux, "ggml")).toBe("libggml.v0.5.0.so");
		expect(findLibraryFile(linux, "ggml-base")).toBe("libggml-base.so");
		expect(
			findLibraryFile(
				["libllama.0.5.0.dylib", "libllama-common.dylib"],
				"llama",
			),
		).toBe("libllama.0.5.0.dylib");
		expect(
			findLibraryFile(["llama.dll", "ggml.dll", "ggml-cuda.dll"], "ggml"),
		).toBe("ggml.dll");
		expect(findLibraryFile(["libllama-common.so"], "llama")).toBe(null);
	});
});
