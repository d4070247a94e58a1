import type { OperationExample } from "./openapi-example.ts";
import {
	created,
	inferenceExamples,
	question,
} from "./openapi-inference-examples.ts";

const license = {
	name: "Apache-2.0",
	path: "LICENSE",
	sha: "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
	size: 11358,
	url: "https://www.apache.org/licenses/LICENSE-2.0",
	type: "text/plain",
	content: "Apache License, Version 2.0, January 2004 ...",
};

function tokenExamples(model: string): Record<string, OperationExample> {
	return {
		tokenize: {
			request: { model, prompt: question },
			answer: {
				count: 3,
				max_model_len: 4096,
				tokens: [72, 105, 33],
				token_strs: null,
			},
		},
		detokenize: {
			request: { model, tokens: [72, 105, 33] },
			answer: { prompt: "Hi!" },
		},
	};
}

function managementExamples(model: string): Record<string, OperationExample> {
	const entry = {
		id: model,
		object: "model",
		created,
		owned_by: "galley",
		root: model,
		parent: null,
		max_model_len: 4096,
		permission: [{ id: `modelperm-${model}`, object: "model_permission" }],
	};
	const ready = { object: "health.response", message: "ready", ready: true };
	const metrics = "# TYPE vllm:num_requests_running gauge\n";
	return {
		listModels: { answer: { object: "list", data: [entry] } },
		retrieveModel: { parameters: { model }, answer: entry },
		listAdapters: {
			answer: {
				object: "list",
				data: [
					{
						id: "pirate",
						object: "adapter",
						lora_int_id: 1,
						state: "ready",
						problem: null,
						rank: 8,
						size_bytes: 1_048_576,
						created,
					},
				],
			},
		},
		loadLoraAdapter: {
			request: { lora_name: "pirate", lora_path: "/adapters/pirate" },
			answer: "Success: LoRA adapter 'pirate' added successfully.",
		},
		unloadLoraAdapter: {
			request: { lora_name: "pirate" },
			answer: "Success: LoRA adapter 'pirate' removed successfully.",
		},
		healthLive: {
			answer: { object: "health.response", message: "live", live: true },
		},
		healthReady: { answer: ready },
		health: { answer: ready },
		metrics: { answer: metrics },
		metricsShort: { answer: metrics },
		listRequests: {
			answer: {
				object: "list",
				data: [
					{
						id: "req-0f3b",
						object: "request",
						choice: 0,
						state: "decode",
						waits_for: null,
						priority: 0,
						prompt_tokens: 16,
						cached_tokens: 0,
						computed_tokens: 20,
						generated_tokens: 5,
						preemptions: 0,
						adapters: [],
						age_seconds: 0.12,
					},
				],
				kv_cache: {
					layout: "unified",
					cells: 4096,
					usage: 0.005,
					retained_tokens: 0,
					saved_tokens: 0,
				},
				max_sequences: 8,
				target_itl_ms: 50,
			},
		},
		metadata: {
			answer: {
				assetInfo: [],
				licenseInfo: license,
				modelInfo: [{ modelUrl: model, shortName: model }],
				repository_override: "",
				version: "0.1.0",
				selectedModelProfileId: "a91f",
			},
		},
		manifest: {
			answer: {
				manifest_file: `schema_version: 1\nmodels:\n  - name: "${model}"\n`,
				repository_override: "",
			},
		},
		version: { answer: { release: "0.1.0", api: "1.0.0" } },
		license: { answer: license },
		openapi: {
			answer: {
				openapi: "3.1.0",
				info: { title: `Galley: ${model}`, version: "0.1.0" },
				paths: {},
			},
		},
	};
}

/** By operation id. */
export function createExamples(
	model: string,
): Readonly<Record<string, OperationExample>> {
	return {
		...inferenceExamples(model),
		...tokenExamples(model),
		...managementExamples(model),
	};
}
