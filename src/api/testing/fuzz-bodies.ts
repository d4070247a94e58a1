const parameters = {
	type: "object",
	properties: {
		city: { type: "string", maxLength: 20 },
		days: { type: "integer", minimum: 1 },
	},
	required: ["city"],
	additionalProperties: false,
};
const declared = {
	name: "get_weather",
	description: "Weather of a city.",
	parameters,
};
const chat = (fields: object): [url: string, body: object] => [
	"/v1/chat/completions",
	{ messages: [{ role: "user", content: "Weather?" }], ...fields },
];
const tools = [
	{ type: "function", function: { ...declared, strict: false } },
	{ type: "function", function: { name: "get_time" } },
];
const named = { type: "function", function: { name: "get_weather" } };

/** Valid bodies of what is called, what is held to a form, and what needs an operator. */
export const structuredBodies: [url: string, body: object][] = [
	chat({
		messages: [
			{ role: "user", content: "Weather?" },
			{
				role: "assistant",
				content: null,
				reasoning_content: "Hm.",
				tool_calls: [
					{
						id: "1",
						type: "function",
						function: { name: "get_weather", arguments: '{"city":"Paris"}' },
					},
				],
			},
			{ role: "tool", tool_call_id: "1", content: "Rain" },
		],
		tools,
		tool_choice: "auto",
		parallel_tool_calls: false,
		stream: true,
	}),
	chat({ tools, tool_choice: named, n: 2 }),
	chat({
		tools,
		tool_choice: {
			type: "allowed_tools",
			allowed_tools: { mode: "required", tools: [named] },
		},
		reasoning_effort: "low",
		include_reasoning: false,
	}),
	chat({
		functions: [declared],
		function_call: { name: "get_weather" },
		stream: true,
	}),
	chat({
		response_format: {
			type: "json_schema",
			json_schema: { name: "weather", schema: parameters, strict: false },
		},
		reasoning_effort: "none",
	}),
	chat({ response_format: { type: "json_object" }, stream: true }),
	chat({ guided_json: parameters }),
	chat({ guided_regex: "[a-z]{1,5}(?:-\\d+)?", stream: true }),
	chat({ guided_choice: ["yes", "no"], n: 2 }),
	chat({ nvext: { guided_grammar: 'root ::= "a" | "b" root' } }),
	chat({ structured_outputs: { json: JSON.stringify(parameters) } }),
	[
		"/v1/completions",
		{ prompt: "Hello", structured_outputs: { regex: "\\d{4}" } },
	],
	[
		"/v1/responses",
		{
			input: "Weather?",
			tools: [{ type: "function", ...declared, strict: false }],
			tool_choice: { type: "function", name: "get_weather" },
			parallel_tool_calls: false,
			reasoning: { effort: "low" },
			stream: true,
		},
	],
	[
		"/v1/responses",
		{
			input: "Weather?",
			text: {
				format: { type: "json_schema", name: "weather", schema: parameters },
			},
		},
	],
	[
		"/v1/messages",
		{
			model: "scripted",
			max_tokens: 30,
			messages: [{ role: "user", content: "Weather?" }],
			tools: [
				{
					name: "get_weather",
					description: "Weather.",
					input_schema: parameters,
				},
			],
			tool_choice: { type: "any", disable_parallel_tool_use: true },
			stream: true,
		},
	],
	[
		"/v1/messages/count_tokens",
		{
			messages: [{ role: "user", content: "Hi" }],
			tools: [{ name: "get_weather", input_schema: parameters }],
		},
	],
	["/v1/load_lora_adapter", { lora_name: "new", lora_path: "/loras/new" }],
	["/v1/unload_lora_adapter", { lora_name: "lora-a", lora_int_id: 7 }],
	["/tokenize", { prompt: "Hello", return_token_strs: true }],
	[
		"/tokenize",
		{ messages: [{ role: "user", content: "Hi" }], tools: [tools[0]] },
	],
	["/v1/completions/render", { prompt: ["Hello", "World"], max_tokens: 4 }],
	[
		"/v1/chat/completions/render",
		{ messages: [{ role: "user", content: "Hi" }], tools },
	],
];
