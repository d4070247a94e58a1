import { option } from "./option.ts";
import { oneOf, seconds, text, webAddress } from "./option-types.ts";

const service = ["run"] as const;

/** An engine that is somebody else's server. */
export const externalOptions = {
	engine: option({
		type: oneOf(["auto", "openai"]),
		fallback: "auto",
		placeholder: "name",
		description:
			"auto chooses by the model's files; openai is any OpenAI-compatible server, named by --upstream-url or started by --engine-command",
		commands: service,
	}),
	upstreamUrl: option({
		type: webAddress(),
		fallback: null,
		placeholder: "url",
		description: "with --engine openai: the address of a server that runs",
		commands: service,
	}),
	upstreamKeyEnv: option({
		type: text("a variable's name"),
		fallback: null,
		placeholder: "variable",
		description:
			"with --engine openai: the environment variable with the key that the server asks for",
		commands: service,
	}),
	engineCommand: option({
		type: text("a command"),
		fallback: null,
		placeholder: "command",
		description:
			"with --engine openai: starts the server, such as 'vllm serve {model} --port {port}'; {name} is the served name, {host} the address",
		commands: service,
	}),
	engineReadyPath: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description:
			"with --engine openai: what answers 200 when the server is ready; by default /health of a command, /v1/models of an address",
		commands: service,
	}),
	engineTimeoutSeconds: option({
		type: seconds({ min: 0, max: 86_400 }),
		fallback: 3600,
		placeholder: "seconds",
		description:
			"with --engine openai: until an answer begins, and between two pieces of it; 0 waits for ever",
		commands: service,
	}),
} as const;
