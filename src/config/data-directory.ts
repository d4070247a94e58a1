import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where Galley keeps what it installs: `GALLEY_DATA_DIR`, else the place that the operating system has for it
 * (https://specifications.freedesktop.org/basedir-spec on Linux).
 */
export function dataDirectory(
	environment: Readonly<Record<string, string | undefined>>,
	platform: NodeJS.Platform = process.platform,
	home: string = homedir(),
): string {
	const given = environment.GALLEY_DATA_DIR;
	if (given !== undefined && given.trim() !== "") return given;
	if (platform === "win32")
		return join(
			environment.LOCALAPPDATA ?? join(home, "AppData", "Local"),
			"galley",
		);
	if (platform === "darwin")
		return join(home, "Library", "Application Support", "galley");
	const base = environment.XDG_DATA_HOME;
	// The specification says that a relative path there is to be ignored.
	return join(
		base?.startsWith("/") === true ? base : join(home, ".local", "share"),
		"galley",
	);
}

/** Engine packages that were installed on demand. */
export function enginesDirectory(
	environment: Readonly<Record<string, string | undefined>>,
): string {
	return join(dataDirectory(environment), "engines");
}

/** Models that were downloaded, imported or converted, unless the option `cacheDir` says otherwise. */
export function modelsDirectory(
	environment: Readonly<Record<string, string | undefined>>,
): string {
	return join(dataDirectory(environment), "models");
}

/** What catalogs behind addresses answered last. */
export function catalogCopiesDirectory(
	environment: Readonly<Record<string, string | undefined>>,
): string {
	return join(dataDirectory(environment), "catalogs");
}
