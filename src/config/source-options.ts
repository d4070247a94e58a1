import { option } from "./option.ts";
import {
	oneOf,
	text,
	textList,
	textPairs,
	webAddress,
	yesOrNo,
} from "./option-types.ts";

/** What finds, describes or downloads a model. */
const finding = ["run", "chat", "bench", "doctor", "models"] as const;
/** What looks into the cache. */
const keeping = [...finding, "cache"] as const;

/** Where models come from, and where they are kept. */
export const sourceOptions = {
	cacheDir: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description:
			"where downloaded models are kept; by default the folder models in Galley's data directory",
		aliases: [{ name: "NIM_CACHE_PATH" }],
		commands: keeping,
	}),
	offline: option({
		type: yesOrNo(),
		fallback: false,
		description: "never touch the network: only what is on this machine",
		aliases: [
			{ name: "NIM_DISABLE_MODEL_DOWNLOAD" },
			{ name: "HF_HUB_OFFLINE" },
		],
		commands: finding,
	}),
	hfEndpoint: option({
		type: webAddress(),
		fallback: "https://huggingface.co",
		placeholder: "url",
		description: "the hub that models come from",
		aliases: [{ name: "HF_ENDPOINT" }, { name: "NIM_REPOSITORY_OVERRIDE" }],
		commands: finding,
	}),
	hfMirrors: option({
		type: textList(),
		fallback: [],
		placeholder: "urls",
		description:
			"hubs with the same repositories, asked in turn when the first one fails",
		commands: finding,
	}),
	hfToken: option({
		type: text("a token"),
		fallback: null,
		placeholder: "token",
		description:
			"access token for gated and private repositories (other users of the machine see flags, so prefer HF_TOKEN)",
		aliases: [{ name: "HF_TOKEN" }, { name: "HUGGING_FACE_HUB_TOKEN" }],
		commands: finding,
		isSecret: true,
	}),
	allowHttp: option({
		type: yesOrNo(),
		fallback: false,
		description:
			"fetch model files over plain http from other machines too; nobody vouches for what arrives",
		commands: finding,
	}),
	profile: option({
		type: text("a profile's id or name"),
		fallback: null,
		placeholder: "id|name",
		description:
			"how to run the model, as galley profiles lists it; by default the best one for this machine",
		aliases: [{ name: "NIM_MODEL_PROFILE" }],
		commands: finding,
	}),
	convertTo: option({
		type: oneOf([
			"f32",
			"f16",
			"bf16",
			"q8_0",
			"q6_k",
			"q5_k_m",
			"q4_k_m",
			"q4_0",
		]),
		fallback: "f16",
		placeholder: "precision",
		description:
			"precision of a model that has to be converted from safetensors: f32, f16, bf16, q8_0, q6_k, q5_k_m, q4_k_m or q4_0",
		commands: finding,
	}),
	catalog: option({
		type: textList(),
		fallback: [],
		placeholder: "sources",
		description:
			"catalogs of your own beside the one that comes with Galley: folders of YAML files, https addresses (repeatable)",
		commands: keeping,
		isRepeatable: true,
	}),
	aliases: option({
		type: textPairs("name=reference"),
		fallback: [],
		placeholder: "name=reference",
		description:
			"names of your own for models (repeatable; in the file: a map of name to reference)",
		commands: keeping,
		isRepeatable: true,
	}),
} as const;
