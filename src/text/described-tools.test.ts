import { expect, test } from "vitest";
import type { ChatMessage, ChatTool } from "../core/chat-message.ts";
import { ChatTemplates } from "./chat-template.ts";
import { createOutputFormat } from "./output-format.ts";

const template =
	"{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}";
const tools: ChatTool[] = [
	{ type: "function", function: { name: "get_time", description: "Now" } },
];
const conversation: ChatMessage[] = [
	{ role: "system", content: "Be brief." },
	{ role: "user", content: "Time?" },
	{
		role: "assistant",
		content: "",
		toolCalls: [
			{
				id: "call_1",
				type: "function",
				function: { name: "get_time", arguments: '{"zone": "UTC"}' },
			},
		],
	},
	{ role: "tool", content: "12:00", toolCallId: "call_1" },
];

function render(messages: ChatMessage[]): string {
	return new ChatTemplates({
		template,
		bosToken: "",
		eosToken: "",
	}).render(messages, { addGenerationPrompt: true, tools });
}

test("a template that knows no tools gets them as text, calls and results with them", () => {
	const text = render(conversation);
	expect(text).toContain('{"name":"get_time","description":"Now"}');
	expect(text).toMatch(/^\[system\] Be brief\.\n\nYou can call/);
	expect(text).toContain(
		'[assistant] <tool_call>\n{"name": "get_time", "arguments": {"zone": "UTC"}}\n</tool_call>',
	);
	expect(text).toContain("[user] <tool_response>\n12:00\n</tool_response>");
});

test("without a system message the description makes one", () => {
	expect(render(conversation.slice(1, 2))).toMatch(/^\[system\] You can call/);
});

test("the form that is asked for is the one that is read", () => {
	const format = createOutputFormat({ template });
	expect(format.toolCallParser).toBe("generic");
	const parser = format.createParser({
		toolNames: ["get_time"],
		promptEnd: "",
		separatesReasoning: true,
	});
	const pieces = [
		...(parser?.push(
			'<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>',
		) ?? []),
		...(parser?.end() ?? []),
	];
	expect(pieces.map(({ type }) => type)).toEqual([
		"call",
		"arguments",
		"call-end",
	]);
});

test.each([
	["hermes", "{{ tools }} <tool_call>"],
	["llama3_json", "{{ tools }} <|start_header_id|> <|python_tag|>"],
	["mistral", "{{ tools }} [TOOL_CALLS]"],
	["deepseek_v3", "{{ tools }} <｜tool▁calls▁begin｜>"],
	["harmony", "{{ tools }} <|start|><|channel|>"],
	["qwen3_coder", "{{ tools }} <tool_call>\\n<function="],
	["granite", "{{ tools }} <|start_of_role|> <|tool_call|>"],
	["phi4_mini_json", "{{ tools }} <|tool|>"],
	["functionary", "{{ tools }} >>>all"],
	["pythonic", "{{ tools }} <|header_start|> <|python_start|>"],
	["generic", "{{ tools }}"],
])("%s is told from its template", (name, source) => {
	expect(createOutputFormat({ template: source }).toolCallParser).toBe(name);
});

test("a name nobody has is refused with the nearest one", () => {
	expect(() =>
		createOutputFormat({ template: null, toolCallParser: "hermez" }),
	).toThrow(/Did you mean 'hermes'/);
});
