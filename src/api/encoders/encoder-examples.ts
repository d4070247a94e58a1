import type { OperationExample } from "../openapi-example.ts";
import { createExamples } from "../openapi-examples.ts";

const usage = { prompt_tokens: 9, total_tokens: 9 };
const query = "What is a port?";
const passages = ["A port is a harbour.", "The capital of France is Paris."];

/** By operation, as openapi-examples.ts has them for language services; what is not overridden is the same. */
export function createEncoderExamples(
	model: string,
): Readonly<Record<string, OperationExample>> {
	const tensors = {
		inputs: [
			{ name: "text", datatype: "BYTES", shape: [-1, 1] },
			{ name: "query", datatype: "BYTES", shape: [-1, 1] },
		],
		outputs: [{ name: "embeddings", datatype: "FP32", shape: [-1, 8] }],
	};
	const metadata: OperationExample = {
		parameters: { model, version: "1" },
		answer: {
			name: model,
			versions: ["1"],
			platform: "onnxruntime_onnx",
			...tensors,
		},
	};
	const modelReady: OperationExample = {
		parameters: { model, version: "1" },
		answer: { name: model, ready: true },
	};
	const infer: OperationExample = {
		parameters: { model, version: "1" },
		request: {
			id: "1",
			inputs: [
				{ name: "text", datatype: "BYTES", shape: [1, 1], data: [query] },
			],
			parameters: { input_type: "query" },
			outputs: [{ name: "embeddings" }],
		},
		answer: {
			model_name: model,
			model_version: "1",
			id: "1",
			outputs: [
				{
					name: "embeddings",
					datatype: "FP32",
					shape: [1, 2],
					data: [0.6, -0.8],
				},
			],
		},
	};
	const rerank: OperationExample = {
		request: { model, query, documents: passages, top_n: 1 },
		answer: {
			id: "rerank-0b1f",
			model,
			results: [{ index: 0, relevance_score: 0.97 }],
			usage,
			meta: {
				api_version: { version: "1" },
				billed_units: { search_units: 1 },
			},
		},
	};
	return {
		...createExamples(model),
		createEmbedding: {
			request: { model, input: [query], input_type: "query" },
			answer: {
				object: "list",
				data: [{ object: "embedding", index: 0, embedding: [0.6, -0.8] }],
				model,
				usage,
			},
		},
		rank: {
			request: {
				model,
				query: { text: query },
				passages: passages.map((text) => ({ text })),
				truncate: "END",
			},
			answer: {
				rankings: [
					{ index: 0, logit: 3.5 },
					{ index: 1, logit: -4.25 },
				],
				usage,
			},
		},
		rerank,
		rerankV2: rerank,
		tokenize: {
			request: { model, prompts: passages, add_special_tokens: false },
			answer: { count: 12, counts: [5, 7], max_model_len: 512 },
		},
		kserveServer: {
			answer: {
				name: "galley",
				version: "0.1.0",
				extensions: ["binary_tensor_data"],
			},
		},
		kserveLive: { answer: { live: true } },
		kserveReady: { answer: { ready: true } },
		kserveModel: metadata,
		kserveModelVersion: metadata,
		kserveModelReady: modelReady,
		kserveModelReadyVersion: modelReady,
		kserveInfer: infer,
		kserveInferVersion: infer,
	};
}
