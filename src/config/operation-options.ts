import { option } from "./option.ts";
import {
	byteCount,
	oneOf,
	seconds,
	wholeNumber,
	yesOrNo,
} from "./option-types.ts";

const service = ["run"] as const;
const mebibyte = 1024 ** 2;
const isOn = (value: string) =>
	["1", "true", "yes", "on"].includes(value.trim().toLowerCase());

/** How much the service takes on, how it stops, and what it says. */
export const operationOptions = {
	maxQueuedRequests: option({
		type: wholeNumber({ min: 0, max: 1_000_000 }),
		fallback: 256,
		placeholder: "count",
		description:
			"requests that may wait; more are answered 429 with Retry-After",
		commands: service,
	}),
	maxQueuedPromptTokens: option({
		type: wholeNumber({ min: 0, max: 1_000_000_000 }),
		fallback: 262_144,
		placeholder: "tokens",
		description: "prompt tokens that may wait, all requests together",
		commands: service,
	}),
	maxQueueSeconds: option({
		type: seconds({ min: 0, max: 86_400 }),
		fallback: 60,
		placeholder: "seconds",
		description:
			"how long a request may be expected to wait before it is answered 429 instead; 0 is any time",
		commands: service,
	}),
	maxRequestBytes: option({
		type: byteCount({ min: 1024, max: 1024 * mebibyte }),
		fallback: 8 * mebibyte,
		placeholder: "bytes",
		description:
			"largest request body, such as 8MiB; larger ones are answered 413",
		commands: service,
	}),
	maxStoredResponses: option({
		type: wholeNumber({ min: 0, max: 10_000_000 }),
		fallback: 10_000,
		placeholder: "count",
		description:
			"responses kept for previous_response_id; what was used longest ago goes first, 0 keeps none",
		commands: service,
	}),
	maxStoredResponseBytes: option({
		type: byteCount({ min: 0, max: 1024 * 1024 * mebibyte }),
		fallback: 64 * mebibyte,
		placeholder: "bytes",
		description:
			"memory for kept responses, such as 64MiB, all of them together",
		commands: service,
	}),
	storedResponseTtlSeconds: option({
		type: seconds({ min: 1, max: 31_536_000 }),
		fallback: 86_400,
		placeholder: "seconds",
		description: "how long a response is kept, from its end",
		commands: service,
	}),
	sseKeepaliveSeconds: option({
		type: seconds({ min: 0, max: 3_600 }),
		fallback: 15,
		placeholder: "seconds",
		description:
			"a stream with nothing to say for so long sends a comment, so that proxies keep its connection open; 0 is never",
		commands: service,
	}),
	drainTimeoutSeconds: option({
		type: seconds({ min: 0, max: 86_400 }),
		// Below the 30 seconds that Kubernetes grants by default, so that the last answers leave before the kill.
		fallback: 25,
		placeholder: "seconds",
		description: "how long running requests may take to finish after SIGTERM",
		commands: service,
	}),
	logLevel: option({
		type: oneOf(
			["trace", "debug", "info", "warn", "error", "fatal", "silent"],
			{
				default: "info",
				warning: "warn",
				critical: "fatal",
			},
		),
		fallback: "info",
		placeholder: "level",
		description: "trace, debug, info, warn, error, fatal or silent",
		aliases: [{ name: "NIM_LOG_LEVEL" }],
		commands: service,
	}),
	logFormat: option({
		type: oneOf(["text", "json"]),
		fallback: "text",
		placeholder: "format",
		description: "text for humans, or json: one object a line",
		aliases: [
			{
				name: "NIM_JSONL_LOGGING",
				toValue: (value) => (isOn(value) ? "json" : "text"),
			},
		],
		commands: service,
	}),
	disableLogRequests: option({
		type: yesOrNo(),
		fallback: false,
		description: "no log line for each request",
		aliases: [{ name: "NIM_DISABLE_LOG_REQUESTS" }],
		commands: service,
	}),
} as const;
