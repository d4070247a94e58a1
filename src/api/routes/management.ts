import { createHash } from "node:crypto";
import { z } from "zod";
import type { ServiceContext } from "../api-context.ts";
import { describeRoute } from "../route-schema.ts";

/** NIM's management contract: its operator and clients read these. */

/** The version of the HTTP contract itself, NIM's `api`. */
const apiVersion = "1.0.0";

const license = z.object({
	name: z.string(),
	path: z.string(),
	sha: z.string(),
	size: z.int(),
	url: z.string(),
	type: z.string(),
	content: z.string(),
});

export const versionSchema = describeRoute({
	id: "version",
	summary: "Release and API version",
	tag: "Management",
	answer: "The versions.",
	content: z.object({ release: z.string(), api: z.string() }),
});

export const licenseSchema = describeRoute({
	id: "license",
	summary: "The licence",
	tag: "Management",
	answer: "The licence with its text.",
	content: license,
});

export const metadataSchema = describeRoute({
	id: "metadata",
	summary: "What is served, in which profile",
	tag: "Management",
	answer: "The metadata.",
	content: z.looseObject({
		assetInfo: z.array(z.string()),
		licenseInfo: license,
		modelInfo: z.array(
			z.looseObject({ modelUrl: z.string(), shortName: z.string() }),
		),
		repository_override: z.string(),
		version: z.string(),
		selectedModelProfileId: z.string(),
	}),
});

export const manifestSchema = describeRoute({
	id: "manifest",
	summary: "The files that the model is made of",
	tag: "Management",
	answer: "A manifest in YAML, as text.",
	content: z.object({
		manifest_file: z.string(),
		repository_override: z.string(),
	}),
});

export function version({ options }: ServiceContext) {
	return async () => ({ release: options.version, api: apiVersion });
}

export function licenseText(context: ServiceContext) {
	return async () => toLicense(context);
}

export function metadata(context: ServiceContext) {
	const { service, options } = context;
	return async () => {
		const { facts, model } = service;
		return {
			assetInfo: [],
			licenseInfo: toLicense(context),
			modelInfo: [
				{
					modelUrl: facts.origin?.reference ?? model.id,
					shortName: model.id,
					name: facts.name,
					architecture: facts.architecture,
					parameters: facts.parameters,
					precision: facts.precision,
					maxModelLength: model.maxModelLength,
					trainedContextLength: facts.trainedContextLength ?? null,
					sizeBytes: facts.sizeBytes,
					sha256: facts.sha256,
					repository: facts.origin?.repository ?? null,
					revision: facts.origin?.revision ?? null,
					license: facts.license,
				},
			],
			repository_override: "",
			version: options.version,
			selectedModelProfileId: facts.profile.id,
			selectedModelProfileName: facts.profile.name,
		};
	};
}

export function manifest({ service }: ServiceContext) {
	return async () => {
		const { facts, model } = service;
		// JSON's strings and numbers are YAML's too.
		const lines = [
			"schema_version: 1",
			"models:",
			`  - name: ${JSON.stringify(model.id)}`,
			`    architecture: ${JSON.stringify(facts.architecture)}`,
			`    precision: ${JSON.stringify(facts.precision)}`,
			`    size_bytes: ${facts.sizeBytes}`,
			`    sha256: ${JSON.stringify(facts.sha256)}`,
			`    source: ${JSON.stringify(facts.origin?.reference ?? null)}`,
			`    repository: ${JSON.stringify(facts.origin?.repository ?? null)}`,
			`    revision: ${JSON.stringify(facts.origin?.revision ?? null)}`,
			"    profile:",
			`      id: ${JSON.stringify(facts.profile.id)}`,
			`      name: ${JSON.stringify(facts.profile.name)}`,
		];
		return { manifest_file: `${lines.join("\n")}\n`, repository_override: "" };
	};
}

function toLicense({
	options,
	service,
}: ServiceContext): z.output<typeof license> {
	const { name, path, url, type, content } = options.license ?? {
		name: service.facts.license ?? "not stated by the model",
		path: "",
		url: "",
		type: "text/plain",
		content: "",
	};
	const sha =
		content === "" ? "" : createHash("sha256").update(content).digest("hex");
	return {
		name,
		path,
		sha,
		size: Buffer.byteLength(content),
		url,
		type,
		content,
	};
}
