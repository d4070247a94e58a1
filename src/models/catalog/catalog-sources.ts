import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { diskFiles } from "../model-reference.ts";
import { isLoopback } from "../reference-syntax.ts";

/** Where entries are read: a folder of YAML files, or an address that answers a stream of them. */
export type CatalogSource =
	| { kind: "folder"; name: string; path: string; isBuiltIn: boolean }
	| {
			kind: "address";
			name: string;
			url: string;
			/** What the address answered last, for times without a network. */
			copy: string;
	  }
	/** What can be neither; reported when the catalog is read. */
	| { kind: "wrong"; name: string; message: string };

/** The catalog that comes with Galley. */
export function builtInCatalog(
	packageDirectory: string = diskFiles.packageDirectory,
): CatalogSource {
	return {
		kind: "folder",
		name: "galley",
		path: join(packageDirectory, "catalog"),
		isBuiltIn: true,
	};
}

/**
 * A team's own sources (`GALLEY_CATALOG`: folders and https addresses) in their order, then the built-in one. Of two
 * entries with one id the earlier counts, so a team can replace what comes with Galley.
 */
export function catalogSources(
	own: readonly string[],
	copiesDirectory: string,
	builtIn: CatalogSource = builtInCatalog(),
): CatalogSource[] {
	return [...own.map((text) => toSource(text, copiesDirectory)), builtIn];
}

function toSource(text: string, copiesDirectory: string): CatalogSource {
	if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
		return {
			kind: "folder",
			name: text,
			path: resolve(text),
			isBuiltIn: false,
		};
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || !/^https?:$/.test(url.protocol))
		return {
			kind: "wrong",
			name: text.slice(0, 160),
			message: "A catalog is a folder or an https address.",
		};
	if (url.username !== "" || url.password !== "")
		return {
			kind: "wrong",
			name: url.host,
			message:
				"The address must not contain a user name or password: it is shown.",
		};
	if (url.protocol === "http:" && !isLoopback(url.hostname))
		return {
			kind: "wrong",
			name: text,
			message: "It would be fetched without encryption. Use https://.",
		};
	url.hash = "";
	const digest = createHash("sha256").update(url.href).digest("hex");
	return {
		kind: "address",
		name: url.href,
		url: url.href,
		copy: join(copiesDirectory, `${digest.slice(0, 32)}.yaml`),
	};
}
