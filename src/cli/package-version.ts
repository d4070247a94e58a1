import { readFileSync } from "node:fs";

/** Galley's release, from its own package.json; src/cli and dist/cli are both two folders below it. */
export function packageVersion(): string {
	const text = readFileSync(
		new URL("../../package.json", import.meta.url),
		"utf8",
	);
	return (JSON.parse(text) as { version: string }).version;
}
