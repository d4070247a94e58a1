import { option } from "./option.ts";
import {
	autoOr,
	byteCount,
	oneOf,
	text,
	wholeNumber,
	yesOrNo,
} from "./option-types.ts";

const modelling = ["run", "chat", "bench"] as const;
const gibibyte = 1024 ** 3;
const isOn = (value: string) =>
	["1", "true", "yes", "on"].includes(value.trim().toLowerCase());

/** How requests share the engine. */
export const schedulingOptions = {
	targetItlMs: option({
		type: autoOr(wholeNumber({ min: 1, max: 60_000 })),
		fallback: null,
		placeholder: "milliseconds",
		description:
			"time between two tokens of a stream to keep to while prompts are computed beside it; by default 3 times what decoding takes here, at least 100",
		commands: modelling,
	}),
	prefixCache: option({
		type: yesOrNo(),
		fallback: true,
		description: "share what prompts begin with in common",
		offDescription: "compute every prompt from its beginning",
		aliases: [
			{
				name: "NIM_ENABLE_KV_CACHE_REUSE",
				toValue: (value) => isOn(value),
			},
		],
		commands: modelling,
	}),
	speculation: option({
		type: oneOf(["auto", "off"]),
		fallback: "auto",
		placeholder: "mode",
		description:
			"guess tokens from the text so far where that is measured to pay (auto), or off; the text is the same",
		commands: modelling,
	}),
	kvCacheTokens: option({
		type: autoOr(wholeNumber({ min: 256, max: 100_000_000 })),
		fallback: null,
		placeholder: "tokens",
		description:
			"tokens that the KV cache holds, all sequences together; less than they could need makes it one pool (unified)",
		commands: modelling,
	}),
	hostCacheBytes: option({
		type: autoOr(byteCount({ min: 0, max: 1024 * gibibyte })),
		fallback: null,
		placeholder: "bytes",
		description:
			"host memory for prefixes that left the KV cache, such as 2GiB; 0 keeps none; by default an eighth of what is available, at most 2GiB",
		commands: modelling,
	}),
	prefixCacheDir: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description:
			"where such prefixes survive a restart; it holds what users wrote, as numbers",
		commands: ["run"],
	}),
	prefixCacheDiskBytes: option({
		type: byteCount({ min: 0, max: 1024 * 1024 * gibibyte }),
		fallback: 8 * gibibyte,
		placeholder: "bytes",
		description: "how much of it at most, such as 20GiB",
		commands: ["run"],
	}),
} as const;
