import { createHash } from "node:crypto";
import { enginesDirectory } from "../config/data-directory.ts";
import { describeOrigin } from "../config/origin.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import { toTokenizerPort } from "../modalities/gguf-tokenizer.ts";
import { promptsOf } from "../modalities/known-prompts.ts";
import type { GgufEncoder } from "../models/gguf-encoder.ts";
import { readHardware, usableThreads } from "../models/hardware.ts";
import { describeModel } from "../models/model-description.ts";
import { formatModelReference } from "../models/model-reference.ts";
import {
	batchTokens,
	chooseEncoderProfile,
	type EncoderPlan,
	type EncoderProfile,
	longestInput,
	processBytes,
} from "./encoder-plan.ts";
import type { ModelLocation } from "./locate-model.ts";

/** The same of a GGUF file, which llama.cpp computes. It has one profile: the file's own precision. */
export async function planGgufEncoder(
	{ reference, path, cached }: Extract<ModelLocation, { kind: "here" }>,
	{ task, pooling, pairSeparator, textKinds, trainedLength }: GgufEncoder,
	config: ServiceConfig,
): Promise<EncoderPlan> {
	const model = await describeModel(path);
	const hardware = readHardware();
	const threads = config.threads ?? usableThreads(hardware);
	const search = { packagesFolder: enginesDirectory(process.env) };
	const only = toProfile(
		{ ...model, task },
		path,
		hardware.memory.availableBytes,
	);
	const profile = chooseEncoderProfile([only], config.profile);
	const maxInputTokens = longestInput(
		{ maxInputTokens: trainedLength },
		config.maxModelLen,
	);
	const maxBatchTokens = Math.max(
		config.maxNumBatchedTokens ?? batchTokens,
		maxInputTokens,
	);
	const asked = describeOrigin(config.origins.model);
	const doubt =
		task === "ranking" && textKinds > 1
			? " The model was trained to tell query and passage apart by their kind, which llama.cpp doesn't pass on: its ONNX files rank better."
			: "";
	return {
		config,
		name: config.servedModelName ?? reference.name,
		source: [
			{
				name: "reference",
				value: cached?.reference ?? formatModelReference(reference),
				origin: asked,
			},
			{ name: "file", value: path, origin: asked },
		],
		encoder: {
			task,
			prompts: promptsOf([reference.name, model.name], {}, null),
			dimensions: model.embeddingLength,
			trainedDimensions: [],
			isNormalized: true,
		},
		async openTokenizer() {
			const { createLlamaModule } = await import("../engine/llama/llama.ts");
			const vocabulary = createLlamaModule(search).loadVocabulary(path);
			return toTokenizerPort(vocabulary, pairSeparator);
		},
		profiles: [only],
		profile,
		maxInputTokens,
		maxBatchTokens,
		explanation:
			`${profile.name}: llama.cpp with ${threads} threads on the CPU; about ${Math.ceil(profile.memoryBytes / 1024 ** 2)} MiB. ` +
			`Inputs of at most ${maxInputTokens} tokens, batches of at most ${maxBatchTokens}; pooling ${task === "ranking" ? "rank" : pooling}.${doubt}`,
		facts: {
			architecture: model.architecture,
			name: model.name,
			parameters: model.parameters,
			precision: model.precision,
			maxInputTokens,
			license: model.license,
			sizeBytes: model.sizeBytes,
			sha256: cached?.files.find((file) => file.path === path)?.sha256 ?? null,
			profile: { id: profile.id, name: profile.name },
		},
		load: {
			engine: "llama",
			search,
			options: {
				modelPath: path,
				task,
				pooling,
				isNormalized: true,
				padToken: 0,
				maxBatchTokens,
				maxInputTokens,
				threads,
				providers: ["cpu"],
			},
		},
	};
}

function toProfile(
	model: {
		architecture: string;
		task: string;
		precision: string;
		sizeBytes: number;
	},
	path: string,
	availableBytes: number,
): EncoderProfile {
	const { architecture, task, precision, sizeBytes } = model;
	const content = {
		engine: "llama",
		model: { architecture, task, sizeBytes },
		precision,
		device: "cpu",
	};
	const memoryBytes = processBytes + sizeBytes;
	return {
		id: createHash("sha256").update(JSON.stringify(content)).digest("hex"),
		name: `llama-${precision.toLowerCase()}-cpu`,
		variant: { path, precision, sizeBytes },
		memoryBytes,
		// Its batches hold no fill, and llama.cpp's threads are quick to meet.
		lanes: 1,
		fit: memoryBytes <= availableBytes ? "compatible" : "low-memory",
	};
}
