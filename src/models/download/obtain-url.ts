import { createHash } from "node:crypto";
import { GalleyError } from "../../core/errors.ts";
import type { CachedModel } from "../cache/model-cache.ts";
import { HttpClient } from "../hub/http-client.ts";
import { labelOf, type ModelFormat } from "../hub/model-variants.ts";
import { fileNameOfUrl, type UrlReference } from "../reference-syntax.ts";
import { FileFetcher, type WantedFile } from "./fetch-files.ts";
import type { ObtainOptions } from "./obtain-model.ts";

/** More parts than any model has. */
const mostParts = 999;

/** A file from an address, with all parts of a split one. A digest in the address (`#sha256=`) is held to. */
export async function obtainUrl(
	{ url: address }: UrlReference,
	options: ObtainOptions,
): Promise<CachedModel> {
	const startedMs = Date.now();
	const addresses = partsOf(new URL(address));
	const files = addresses.map((url): WantedFile => {
		const digest = /^#sha256=([0-9a-f]{64})$/i
			.exec(url.hash)?.[1]
			?.toLowerCase();
		const bare = new URL(url);
		bare.hash = "";
		return {
			name: fileNameOfUrl(url),
			sizeBytes: null,
			// The hub's token is for the hub alone.
			sources: [{ url: bare.href, token: null }],
			digest:
				digest === undefined ? null : { algorithm: "sha256", hex: digest },
			key:
				digest === undefined
					? `url-${createHash("sha256").update(bare.href).digest("hex").slice(0, 32)}`
					: `sha256-${digest}`,
			...(options.isRefresh === true ? { notBeforeMs: startedMs } : {}),
		};
	});
	const [main] = files;
	if (main === undefined)
		throw new GalleyError("model_not_found", "The address names no file.");
	await using http = new HttpClient(options.hub);
	const fetched = await new FileFetcher(http, options).fetchAll(
		files,
		main.name,
	);
	return options.cache.record({
		repository: null,
		url: address,
		revision: "",
		branch: null,
		label: labelOf(main.name),
		format: formatOf(main.name),
		mainFile: main.name,
		files: fetched,
		sourceUrl: address,
		isDefaultChoice: true,
	});
}

/** `...-00001-of-00003.gguf` stands for three files beside each other. */
function partsOf(url: URL): URL[] {
	const match = /-(\d{5})-of-(\d{5})\.gguf$/i.exec(url.pathname);
	const count = Number(match?.[2] ?? 1);
	if (match === null || count === 1) return [url];
	if (count > mostParts || url.hash !== "") {
		throw new GalleyError(
			"model_not_found",
			url.hash === ""
				? `A model of ${count} parts is more than any model has.`
				: "A digest can't be given for a split file, since each part has its own. Leave #sha256=... out.",
		);
	}
	return Array.from({ length: count }, (_, index) => {
		const one = new URL(url);
		const number = String(index + 1).padStart(5, "0");
		one.pathname = url.pathname.replace(
			/-\d{5}-of-(\d{5}\.gguf)$/i,
			`-${number}-of-$1`,
		);
		return one;
	});
}

function formatOf(name: string): ModelFormat {
	return /\.onnx$/i.test(name) ? "onnx" : "gguf";
}
