const hello = [{ role: "user", content: "Hello" }];

/** Bodies that must be refused, for tests of the answers. */

/** What is wrong, the body, the field that the answer must name, words of its message, and its code. */
export type Row = [
	what: string,
	body: unknown,
	param: string | null,
	message: RegExp,
	code?: string,
];

/** Stands for `messages` or `prompt`. */
const promptField = "the prompt";

const unsupported = "unsupported_parameter";

/** Faults of fields that both completions share; `prompt` or `messages` is added. */
// biome-ignore format: a table
const sharedRows: Row[] = [
	["an unknown model", { model: "gpt-9" }, "model", /'gpt-9'.*'scripted', 'lora-a'/, "model_not_found"],
	["a model of another type", { model: 7 }, "model", /must be a string, but is 7/],
	["a negative temperature", { temperature: -0.1 }, "temperature", /at least 0, but is -0.1/],
	["a huge temperature", { temperature: 1e300 }, "temperature", /at most 2/],
	["a temperature as text", { temperature: "1" }, "temperature", /must be a number, but is a string/],
	["a number beyond JSON's range", '{"temperature":1e999}', "temperature", /must be a number/],
	["top_p above 1", { top_p: 1.01 }, "top_p", /at most 1/],
	["top_k below -1", { top_k: -2 }, "top_k", /at least -1/],
	["a broken top_k", { top_k: 1.5 }, "top_k", /must be an integer/],
	["min_p above 1", { min_p: 2 }, "min_p", /at most 1/],
	["typical_p of 0", { typical_p: 0 }, "typical_p", /more than 0/],
	["repetition_penalty of 0", { repetition_penalty: 0 }, "repetition_penalty", /more than 0/],
	["presence_penalty above 2", { presence_penalty: 2.1 }, "presence_penalty", /at most 2/],
	["n of 0", { n: 0 }, "n", /at least 1/],
	["n above the limit", { n: 129 }, "n", /at most 128/],
	["n as null is 1, but as array", { n: [1] }, "n", /must be an integer|must be a number/],
	["negative max_tokens", { max_tokens: -1 }, "max_tokens", /at least/],
	["huge max_tokens", { max_tokens: 1e15 }, promptField, /maximum context length is 4096 tokens/, "context_length_exceeded"],
	["max_tokens beyond integers", { max_tokens: 1e300 }, "max_tokens", /integer|at most/],
	["max_tokens beyond the context", { max_tokens: 4096 }, promptField, /you requested 4\d\d\d tokens \(\d+ in the (messages|prompt), 4096 in the completion\)/, "context_length_exceeded"],
	["min_tokens above max_tokens", { min_tokens: 5, max_tokens: 4 }, "min_tokens", /may not be more than/],
	["an empty stop string", { stop: "" }, "stop", /at least 1 character/],
	["17 stop strings", { stop: Array(17).fill("x") }, "stop", /at most 16 items/],
	["a stop that is no string", { stop: ["a", 3] }, "stop[1]", /must be a string/],
	["a seed beyond 64 bits", { seed: 1e30 }, "seed", /64 bits/],
	["a broken seed", { seed: 1.5 }, "seed", /integer/],
	["logit_bias as array", { logit_bias: [1] }, "logit_bias", /.*/],
	["logit_bias of a word", { logit_bias: { hello: 1 } }, "logit_bias", /token ids/],
	["logit_bias beyond the vocabulary", { logit_bias: { 259: 1 } }, "logit_bias.259", /no token 259.*0 to 258/],
	["logit_bias above 100", { logit_bias: { 5: 101 } }, "logit_bias.5", /-100 to 100/],
	["a stop token beyond the vocabulary", { stop_token_ids: [1, 999] }, "stop_token_ids[1]", /no token 999/],
	["a negative stop token", { stop_token_ids: [-1] }, "stop_token_ids[0]", /0 or more/],
	["stream as text", { stream: "yes" }, "stream", /must be a boolean/],
	["stream_options without stream", { stream_options: { include_usage: true } }, "stream_options", /needs 'stream': true/],
	["an unknown stream option", { stream: true, stream_options: { include_sage: true } }, "stream_options.include_sage", /Unknown field/],
	["prompt_logprobs in a stream", { stream: true, prompt_logprobs: 1 }, "prompt_logprobs", /not available in streams/, unsupported],
	["a deadline of 0", { deadline_ms: 0 }, "deadline_ms", /at least 1/],
	["a negative deadline in nvext", { nvext: { deadline_ms: -5 } }, "nvext.deadline_ms", /at least 1/],
	["a deadline of years", { deadline_ms: 1e12 }, "deadline_ms", /at most 86400000/],
	["a deadline as text", { deadline_ms: "soon" }, "deadline_ms", /must be a number|must be an integer/],
	["a user who is no text", { user: 5 }, "user", /must be a string/],
	["a salt that is no text", { cache_salt: [1] }, "cache_salt", /must be a string/],
	["a mistyped field", { temprature: 1 }, "temprature", /Did you mean 'temperature'/],
	["a field in another spelling", { maxTokens: 1 }, "maxTokens", /Did you mean 'max_tokens'/],
	["another server's name", { max_new_tokens: 1 }, "max_new_tokens", /Use 'max_tokens'/],
	["a field nobody knows", { wibble: 1 }, "wibble", /Unknown field 'wibble'. Leave it out/],
	["an unknown field in nvext", { nvext: { topk: 1 } }, "nvext.topk", /Unknown field/],
	["two different values", { top_k: 5, nvext: { top_k: 6 } }, "nvext.top_k", /different things/],
	["a schema that is no schema", { guided_json: 3 }, "guided_json", /object, or its JSON text/],
	["a schema in broken JSON", { guided_json: "{" }, "guided_json", /JSON text/],
	["no choice in nvext", { nvext: { guided_choice: [] } }, "nvext.guided_choice", /at least 1/],
	["two constraints", { guided_regex: "a", guided_choice: ["a"] }, "guided_choice", /only one/],
	["an unknown response format", { response_format: { type: "xml" } }, "response_format.type", /json_schema/],
	["a response format without its schema", { response_format: { type: "json_schema", json_schema: { name: "x" } } }, "response_format.json_schema.schema", /required/],
	["no structured output", { structured_outputs: {} }, "structured_outputs", /needs one/],
	["beam search", { use_beam_search: true }, "use_beam_search", /Only false is accepted/, unsupported],
	["truncation", { truncate_prompt_tokens: 3 }, "truncate_prompt_tokens", /Shorten/, unsupported],
];

// biome-ignore format: a table
const chatRows: Row[] = [
	["no messages", {}, "messages", /is required: send an array/],
	["empty messages", { messages: [] }, "messages", /at least 1 item/],
	["messages as text", { messages: "hi" }, "messages", /must be an array, but is a string/],
	["a message as text", { messages: ["hi"] }, "messages[0]", /must be an object/],
	["an unknown role", { messages: [...hello, { role: "robot", content: "x" }] }, "messages[1].role", /one of 'system', 'developer', 'user', 'assistant', 'function', 'tool'/],
	["no role", { messages: [{ content: "x" }] }, "messages[0].role", /is required/],
	["no content", { messages: [{ role: "user" }] }, "messages[0].content", /is/],
	["content as number", { messages: [{ role: "user", content: 5 }] }, "messages[0].content", /must be a string or an array, but is 5/],
	["an empty list of parts", { messages: [{ role: "user", content: [] }] }, "messages[0].content", /at least 1 item/],
	[
		"an image",
		{
			messages: [
				{
					role: "user",
					content: [{ type: "image_url", image_url: { url: "data:," } }],
				},
			],
		},
		"messages[0].content[0].type",
		/text only/,
		unsupported,
	],
	[
		"sound",
		{
			messages: [
				{
					role: "user",
					content: [
						{ type: "text", text: "a" },
						{ type: "input_audio", input_audio: {} },
					],
				},
			],
		},
		"messages[0].content[1].type",
		/text only/,
		unsupported,
	],
	["a part without text", { messages: [{ role: "user", content: [{ type: "text" }] }] }, "messages[0].content[0].text", /is required/],
	["a part of an unknown type", { messages: [{ role: "user", content: [{ type: "smell" }] }] }, "messages[0].content[0].type", /one of/],
	["an unknown field of a message", { messages: [{ role: "user", content: "x", mood: "bad" }] }, "messages[0].mood", /Unknown field/],
	["a tool's answer without id", { messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id", /is required/],
	["too many messages", { messages: Array(10_001).fill(hello[0]) }, "messages", /at most 10000 items/],
	["tools", { messages: hello, tools: [{ type: "function", function: { name: "f" } }] }, "tools", /reads no tool calls/, unsupported],
	["a tool choice", { messages: hello, tool_choice: "required" }, "tool_choice", /there are no 'tools'/],
	["functions", { messages: hello, functions: [{}] }, "functions[0].name", /is required/],
	["audio", { messages: hello, modalities: ["text", "audio"] }, "modalities", /text only/, unsupported],
	["reasoning effort", { messages: hello, reasoning_effort: "low" }, "reasoning_effort", /does not reason/, unsupported],
	["two different limits", { messages: hello, max_tokens: 1, max_completion_tokens: 2 }, "max_completion_tokens", /different things/],
	["max_tokens of 0", { messages: hello, max_tokens: 0 }, "max_tokens", /at least 1/],
	["top_logprobs without logprobs", { messages: hello, top_logprobs: 2 }, "top_logprobs", /needs 'logprobs'/],
	["top_logprobs above 20", { messages: hello, logprobs: true, top_logprobs: 21 }, "top_logprobs", /at most 20/],
	["logprobs as number", { messages: hello, logprobs: 3 }, "logprobs", /must be a boolean, but is 3/],
	["a template", { messages: hello, chat_template: "{{ x }}" }, "chat_template", /off on this server/, unsupported],
	["template variables as text", { messages: hello, chat_template_kwargs: "x" }, "chat_template_kwargs", /must be an object/],
	["a conversation that is too long", { messages: [{ role: "user", content: "x".repeat(5000) }] }, "messages", /maximum context length is 4096 tokens. However, your messages resulted in 5019 tokens/, "context_length_exceeded"],
	["a conversation far too long", { messages: [{ role: "user", content: "x".repeat(2_000_000) }] }, "messages", /resulted in more than \d+ tokens/, "context_length_exceeded"],
	...sharedRows.map(([what, body, param, message, code]): Row => [what, withField(body, "messages", hello), param === promptField ? "messages" : param, message, code ?? "invalid_request"]),
];

// biome-ignore format: a table
const completionRows: Row[] = [
	["no prompt", {}, "prompt", /is required/],
	["a null prompt", { prompt: null }, "prompt", /must be a string, an array/],
	["a number as prompt", { prompt: 5 }, "prompt", /must be a string, an array/],
	["no prompts", { prompt: [] }, "prompt", /must not be an empty array/],
	["an empty list of ids", { prompt: [[1], []] }, "prompt[1]", /must not be an empty array/],
	["texts and ids", { prompt: ["a", 5] }, "prompt[1]", /does not fit/],
	["a token beyond the vocabulary", { prompt: [1, 259] }, "prompt[1]", /no token 259/],
	["a negative token", { prompt: [[1], [2, -3]] }, "prompt[1][1]", /0 or more/],
	["a broken token", { prompt: [1.5] }, "prompt[0]", /integers/],
	["an empty prompt without begin token", { prompt: "", add_special_tokens: false }, "prompt", /is empty/],
	["too many prompts", { prompt: Array(257).fill("x") }, "prompt", /at most 256 prompts/],
	["a prompt that is too long", { prompt: "x".repeat(4096) }, "prompt", /your prompt resulted in 4097 tokens/, "context_length_exceeded"],
	["too many ids", { prompt: Array(5000).fill(1) }, "prompt", /resulted in 5000 tokens/, "context_length_exceeded"],
	["best_of below n", { prompt: "x", n: 3, best_of: 2 }, "best_of", /may not be less than 'n' \(3\)/],
	["best_of above n in a stream", { prompt: "x", n: 1, best_of: 3, stream: true }, "best_of", /not available in streams/],
	["best_of above the limit", { prompt: "x", best_of: 129 }, "best_of", /at most 128/],
	["best_of of 0", { prompt: "x", best_of: 0 }, "best_of", /at least 1/],
	["a suffix", { prompt: "x", suffix: "y" }, "suffix", /fill in the middle/, unsupported],
	["no tokens without echo", { prompt: "x", max_tokens: 0 }, "max_tokens", /together with 'echo'/],
	["logprobs above 20", { prompt: "x", logprobs: 21 }, "logprobs", /at most 20/],
	["logprobs as boolean", { prompt: "x", logprobs: true }, "logprobs", /must be/],
	["messages", { prompt: "x", messages: hello }, "messages", /Unknown field/],
	...sharedRows.map(([what, body, param, message, code]): Row => [what, withField(body, "prompt", "x"), param === promptField ? "prompt" : param, message, code ?? "invalid_request"]),
];

// biome-ignore format: a table
const tokenizeRows: Row[] = [
	["neither prompt nor messages", {}, "prompt", /either 'prompt' or 'messages'/],
	["both", { prompt: "x", messages: hello }, "prompt", /either/],
	["a number as prompt", { prompt: 5 }, "prompt", /must be a string/],
	["an unknown model", { prompt: "x", model: "nope" }, "model", /Available/, "model_not_found"],
	["an unknown field", { prompt: "x", promt: "y" }, "promt", /Did you mean 'prompt'/],
	["a template", { messages: hello, chat_template: "x" }, "chat_template", /off/, unsupported],
];

// biome-ignore format: a table
const detokenizeRows: Row[] = [
	["no tokens", {}, "tokens", /is required|must be an array/],
	["tokens as text", { tokens: "1,2" }, "tokens", /must be an array, but is a string/],
	["a token beyond the vocabulary", { tokens: [1, 5000] }, "tokens[1]", /no token 5000/],
	["a token of another type", { tokens: [1, "2"] }, "tokens[1]", /integers/],
	["a negative token", { tokens: [-1] }, "tokens[0]", /integers/],
];

/** Faults of any body, whatever the route. */
// biome-ignore format: a table
export const bodyRows: Row[] = [
	["no body", "", null, /is empty: send a JSON object/, "invalid_json"],
	["broken JSON", '{"a":1,}', null, /not valid JSON at position 7 \(line 1, column 8\)/, "invalid_json"],
	["JSON that ends early", '{"prompt": "x', null, /ends too early, at position 13/, "invalid_json"],
	["an array", [], null, /must be an object, but is an array/],
	["null", "null", null, /must be an object, but is null/],
	["a text", '"x"', null, /must be an object, but is a string/],
	["deep nesting", `{"metadata":${"[".repeat(200)}${"]".repeat(200)}}`, null, /nested deeper than 100/, "invalid_json"],
	["a prototype", '{"__proto__": {"x": 1}}', null, /__proto__/, "invalid_json"],
	["a hidden prototype", '{"metadata": [1, {"\\u005f_proto__": 1}]}', null, /__proto__/, "invalid_json"],
];

export const badBodiesByRoute: [url: string, rows: Row[]][] = [
	["/v1/chat/completions", chatRows],
	["/v1/chat/completions/render", chatRows],
	["/v1/completions", completionRows],
	["/v1/completions/render", completionRows],
	["/tokenize", tokenizeRows],
	["/detokenize", detokenizeRows],
];

function withField(body: unknown, name: string, value: unknown): unknown {
	if (typeof body === "string") {
		return `{"${name}":${JSON.stringify(value)},${body.slice(1)}`;
	}
	return { [name]: value, ...(body as object) };
}
