import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { knownApplications } from "../gateway/applications/known-applications.ts";
import type { ApplicationProgram } from "../gateway/fleet/service-recipe.ts";
import { packageVersion } from "./package-version.ts";

/**
 * How a sample application is started: from its build, or from its source where this program itself runs from source. Null where it is
 * not there: the package that npm installs has none.
 */
export function applicationProgram(name: string): ApplicationProgram | null {
	const known = knownApplications.get(name);
	if (known === undefined) return null;
	const folder = fileURLToPath(
		new URL(`../../${known.source}`, import.meta.url),
	);
	const built = join(folder, "dist", "main.js");
	const source = join(folder, "src", "main.ts");
	const isSource = extname(import.meta.url) === ".ts";
	const executable = process.execPath;
	const version = packageVersion();
	if (!isSource && existsSync(built))
		return { executable, words: [built], version, folder };
	if (!existsSync(source)) return null;
	return {
		executable,
		words: ["--import", tsxPath(), source],
		version,
		folder,
	};
}

/** By its own address: the application may be started in another folder. */
function tsxPath(): string {
	return import.meta.resolve("tsx");
}
