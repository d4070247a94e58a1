import { option } from "./option.ts";
import { autoOr, oneOf, text, wholeNumber, yesOrNo } from "./option-types.ts";
import { reasoningParsers, toolCallParsers } from "./output-parsers.ts";

const service = ["run"] as const;
/** `chat` and `bench` pass these on to the service that they start. */
const modelling = ["run", "chat", "bench", "doctor"] as const;

const tokens = wholeNumber({ min: 1, max: 100_000_000 });
const kvTypes = ["f32", "f16", "q8_0", "q4_0"] as const;

/** What to serve and how the model runs. */
export const modelOptions = {
	model: option({
		type: text("a model reference"),
		fallback: null,
		placeholder: "reference",
		description: "what to serve: a GGUF file or a starter model's name",
		aliases: [{ name: "NIM_MODEL_PATH" }, { name: "NIM_MODEL_NAME" }],
		commands: service,
	}),
	servedModelName: option({
		type: text("a name"),
		fallback: null,
		placeholder: "name",
		description: "the model's name in the API; by default the model's own",
		aliases: [{ name: "NIM_SERVED_MODEL_NAME" }],
		commands: service,
	}),
	chatTemplate: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description: "Jinja file to use instead of the model's own chat template",
		commands: ["run", "chat"],
	}),
	trustRequestChatTemplate: option({
		type: yesOrNo(),
		fallback: false,
		description:
			"let requests bring their own 'chat_template'; a template is a program, and one with a long loop holds up every other request, so only for clients you trust",
		commands: service,
	}),
	toolCallParser: option({
		type: oneOf(toolCallParsers),
		fallback: "auto",
		placeholder: "name",
		description:
			"how the model writes tool calls; auto looks into its chat template, none leaves calls in the text",
		aliases: [{ name: "NIM_TOOL_CALL_PARSER" }],
		commands: ["run", "chat"],
	}),
	reasoningParser: option({
		type: oneOf(reasoningParsers),
		fallback: "auto",
		placeholder: "name",
		description:
			"how the model writes its reasoning; auto looks into its chat template, none leaves it in the text",
		aliases: [{ name: "NIM_REASONING_PARSER" }],
		commands: ["run", "chat"],
	}),
	maxModelLen: option({
		type: autoOr(tokens),
		fallback: null,
		placeholder: "tokens",
		description:
			"tokens of prompt and answer together; by default what the model was trained for, if memory allows",
		aliases: [{ name: "NIM_MAX_MODEL_LEN" }],
		commands: modelling,
	}),
	maxNumSeqs: option({
		type: autoOr(wholeNumber({ min: 1, max: 256 })),
		fallback: null,
		placeholder: "count",
		description:
			"sequences generated at the same time; by default 8, fewer when memory is short",
		aliases: [{ name: "NIM_MAX_NUM_SEQS" }],
		commands: modelling,
	}),
	maxNumBatchedTokens: option({
		type: autoOr(tokens),
		fallback: null,
		placeholder: "tokens",
		description: "tokens computed in one step at most",
		commands: modelling,
	}),
	kvLayout: option({
		type: oneOf(["auto", "unified", "streams"]),
		fallback: "auto",
		placeholder: "layout",
		description:
			"KV cache: unified (one pool for all), streams (an equal part each), or auto",
		commands: modelling,
	}),
	kvCacheTypeK: option({
		type: oneOf(kvTypes),
		fallback: "f16",
		placeholder: "type",
		description: "number format of cached keys: f32, f16, q8_0, q4_0",
		commands: modelling,
	}),
	kvCacheTypeV: option({
		type: oneOf(kvTypes),
		fallback: "f16",
		placeholder: "type",
		description:
			"number format of cached values; q8_0 and q4_0 need flash attention",
		commands: modelling,
	}),
	threads: option({
		type: autoOr(wholeNumber({ min: 1, max: 1024 })),
		fallback: null,
		placeholder: "count",
		description:
			"threads for steps that only decode; by default the physical cores this process may use",
		commands: modelling,
	}),
	threadsBatch: option({
		type: autoOr(wholeNumber({ min: 1, max: 1024 })),
		fallback: null,
		placeholder: "count",
		description:
			"threads for steps with prefill; by default as many as --threads",
		commands: modelling,
	}),
	gpuLayers: option({
		type: autoOr(wholeNumber({ min: -1, max: 10_000 })),
		fallback: null,
		placeholder: "count",
		description:
			"layers computed on a GPU; -1 is all, 0 none; by default all when a GPU engine is installed",
		commands: modelling,
	}),
	flashAttention: option({
		type: oneOf(["auto", "on", "off"], {
			true: "on",
			"1": "on",
			false: "off",
			"0": "off",
		}),
		fallback: "auto",
		placeholder: "mode",
		description: "on, off, or auto",
		commands: modelling,
	}),
	mmap: option({
		type: yesOrNo(),
		fallback: true,
		description: "map the weights from disk",
		offDescription:
			"read the weights into memory instead of mapping them from disk",
		commands: modelling,
	}),
	mlock: option({
		type: yesOrNo(),
		fallback: false,
		description:
			"keep the weights in memory; the operating system may not page them out",
		commands: modelling,
	}),
} as const;
