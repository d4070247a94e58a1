import { apiKeyHashes } from "./api-key-hash.ts";
import { option } from "./option.ts";
import {
	seconds,
	text,
	textList,
	textPairs,
	wholeNumber,
	yesOrNo,
} from "./option-types.ts";

const service = ["run"] as const;

/** LoRA adapters: which there are, how many the engine holds, and who may change them. */
export const adapterOptions = {
	lora: option({
		type: textPairs("name=path"),
		fallback: [],
		placeholder: "name=path",
		description:
			"a LoRA adapter: a GGUF file or a PEFT directory, and the model name it gets (repeatable)",
		commands: service,
		isRepeatable: true,
	}),
	loraDir: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description:
			"directory of adapters: each sub-directory with adapter_config.json and each .gguf file is one",
		aliases: [{ name: "NIM_PEFT_SOURCE" }],
		commands: service,
	}),
	loraRefreshSeconds: option({
		type: seconds({ min: 0, max: 86_400 }),
		fallback: 0,
		placeholder: "seconds",
		description:
			"how often to look into --lora-dir for adapters that are new, changed or gone; 0 looks at start only",
		aliases: [{ name: "NIM_PEFT_REFRESH_INTERVAL" }],
		commands: service,
	}),
	maxLoras: option({
		type: wholeNumber({ min: 1, max: 1024 }),
		fallback: 8,
		placeholder: "count",
		description:
			"adapters in the engine at once; others are loaded when a request for them is computed",
		aliases: [{ name: "NIM_MAX_GPU_LORAS" }],
		commands: service,
	}),
	maxCpuLoras: option({
		type: wholeNumber({ min: 1, max: 4096 }),
		fallback: null,
		placeholder: "count",
		description:
			"adapters in host memory at once; where the engine computes there, the larger one of this and --max-loras counts",
		aliases: [{ name: "NIM_MAX_CPU_LORAS" }],
		commands: service,
	}),
	maxLoraRank: option({
		type: wholeNumber({ min: 1, max: 65_536 }),
		fallback: null,
		placeholder: "rank",
		description: "adapters of a larger rank are refused",
		aliases: [{ name: "NIM_MAX_LORA_RANK" }],
		commands: service,
	}),
	allowLoraManagement: option({
		type: yesOrNo(),
		fallback: false,
		description:
			"offer /v1/load_lora_adapter and /v1/unload_lora_adapter to who has the admin key",
		aliases: [{ name: "VLLM_ALLOW_RUNTIME_LORA_UPDATING" }],
		commands: service,
	}),
	loraRoot: option({
		type: textList(),
		fallback: [],
		placeholder: "path",
		description:
			"directory that adapters may be loaded from at run time, besides --lora-dir (repeatable)",
		commands: service,
		isRepeatable: true,
	}),
	adminApiKey: option({
		type: apiKeyHashes(),
		fallback: null,
		placeholder: "key",
		description:
			"bearer key for what changes the service (repeatable; other users of the machine see flags, so prefer a file)",
		commands: service,
		isRepeatable: true,
		isSecret: true,
	}),
	adminApiKeyFile: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description: "file of admin keys, one a line",
		commands: service,
	}),
} as const;
