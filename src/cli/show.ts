import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Command } from "commander";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import {
	describeModel,
	type ModelDescription,
} from "../models/model-description.ts";
import { formatModelReference } from "../models/model-reference.ts";
import { commandSummaries } from "./command-table.ts";
import { locateModel, type ModelLocation } from "./locate-model.ts";
import {
	formatModelSheet,
	type ModelSheet,
	type SheetFile,
} from "./model-sheet.ts";
import { type RemoteOffer, readRemoteOffer } from "./remote-choice.ts";
import { addServiceFlags } from "./service-flags.ts";

export function registerShowCommand(program: Command): void {
	const command = program
		.command("show")
		.description(commandSummaries.show)
		.argument(
			"<model>",
			"a reference, here or on the hub (then nothing is downloaded but the header)",
		)
		.option("--digests", "read files of your own whole and tell their sha256")
		.option("--json", "for machines");
	addServiceFlags(command, "models").action(show);
}

async function show(
	text: string,
	flags: { digests?: boolean; json?: boolean } & Record<string, unknown>,
): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const sheet = await readSheet(text, config, flags.digests === true);
	process.stdout.write(
		flags.json === true
			? `${JSON.stringify(sheet)}\n`
			: formatModelSheet(sheet),
	);
}

async function readSheet(
	text: string,
	config: ServiceConfig,
	withDigests: boolean,
): Promise<ModelSheet> {
	const location = await locateModel(text, config);
	switch (location.kind) {
		case "fake":
			throw new GalleyError(
				"invalid_request",
				"The fake engine has no weights; there is nothing to show.",
			);
		case "here":
			return sheetOfFile(location, withDigests);
		case "encoder":
			return {
				...(await sheetOfDirectory(
					{ ...location, kind: "unconverted" },
					withDigests,
				)),
				format: "onnx",
			};
		case "unconverted":
			return sheetOfDirectory(location, withDigests);
		case "away":
			return sheetOfRemote(location, config);
	}
}

async function sheetOfFile(
	{ reference, path, cached }: Extract<ModelLocation, { kind: "here" }>,
	withDigests: boolean,
): Promise<ModelSheet> {
	const description = await describeModel(path);
	return {
		reference: cached?.reference ?? formatModelReference(reference),
		where: cached === null ? "file" : "cache",
		repository: cached?.repository ?? null,
		revision: cached?.revision || null,
		format: cached?.format ?? "gguf",
		sizeBytes: cached?.sizeBytes ?? description.sizeBytes,
		description,
		files: cached?.files ?? (await partsOf(path, description, withDigests)),
		variants: [],
	};
}

async function sheetOfDirectory(
	{
		reference,
		directory,
		cached,
	}: Extract<ModelLocation, { kind: "unconverted" }>,
	withDigests: boolean,
): Promise<ModelSheet> {
	const files =
		cached?.files ??
		(await Promise.all(
			(
				await readdir(directory, { withFileTypes: true, recursive: true })
			)
				.filter((entry) => entry.isFile())
				.map(async (entry) => {
					const path = join(entry.parentPath, entry.name);
					const facts = await fileFacts(path, withDigests);
					return { ...facts, name: relative(directory, path) };
				}),
		));
	return {
		reference: cached?.reference ?? formatModelReference(reference),
		where: cached === null ? "file" : "cache",
		repository: cached?.repository ?? null,
		revision: cached?.revision || null,
		format: "safetensors",
		sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
		description: null,
		files,
		variants: [],
	};
}

async function sheetOfRemote(
	{ reference, sources }: Extract<ModelLocation, { kind: "away" }>,
	config: ServiceConfig,
): Promise<ModelSheet> {
	if (reference.kind === "url") {
		throw new GalleyError(
			"invalid_request",
			`What lies behind an address is only known when it is here: galley pull ${reference.url}`,
		);
	}
	const offer = await readRemoteOffer(reference, sources);
	const shown = shownVariant(offer);
	return {
		reference: formatModelReference(reference),
		where: config.hfEndpoint,
		repository: reference.repository,
		revision: offer.commit,
		format: shown?.variant.format ?? "none",
		sizeBytes: shown?.variant.sizeBytes ?? 0,
		description: shown?.description ?? null,
		files: shown?.variant.files ?? [],
		variants:
			offer.variants.length < 2
				? []
				: offer.variants.map(({ format, label, mainFile, sizeBytes }) => ({
						format,
						label,
						mainFile,
						sizeBytes,
					})),
	};
}

/** Of several variants the largest stands for the model: it is the nearest to what was trained. */
function shownVariant({ described, variants }: RemoteOffer) {
	const [largest] = [...described].sort(
		(left, right) => right.variant.sizeBytes - left.variant.sizeBytes,
	);
	if (largest !== undefined) return largest;
	const [first] = variants;
	return first && { variant: first, description: null };
}

async function partsOf(
	path: string,
	description: ModelDescription,
	withDigests: boolean,
): Promise<SheetFile[]> {
	const [, stem, total] =
		/^(.*)-00001-of-(\d{5})\.gguf$/i.exec(description.path) ?? [];
	if (stem === undefined) return [await fileFacts(path, withDigests)];
	return Promise.all(
		Array.from({ length: Number(total) }, (_, index) =>
			fileFacts(
				`${stem}-${String(index + 1).padStart(5, "0")}-of-${total}.gguf`,
				withDigests,
			),
		),
	);
}

async function fileFacts(
	path: string,
	withDigests: boolean,
): Promise<SheetFile> {
	const { size } = await stat(path);
	return {
		name: basename(path),
		sizeBytes: size,
		sha256: withDigests ? await digestOf(path) : null,
	};
}

async function digestOf(path: string): Promise<string> {
	const hash = createHash("sha256");
	for await (const bytes of createReadStream(path)) hash.update(bytes);
	return hash.digest("hex");
}
