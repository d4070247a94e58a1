import { describe, expect, test } from "vitest";
import type { ChatMessage, ChatTool } from "../core/chat-message.ts";
import { GalleyError } from "../core/errors.ts";
import { ChatTemplates, type ChatTemplatesOptions } from "./chat-template.ts";

const generation = { addGenerationPrompt: true };

function templatesOf(
	template: string | null,
	options: Partial<ChatTemplatesOptions> = {},
): ChatTemplates {
	return new ChatTemplates({
		template,
		bosToken: "<s>",
		eosToken: "</s>",
		...options,
	});
}

function errorOf(run: () => unknown): GalleyError {
	try {
		run();
	} catch (thrown) {
		if (thrown instanceof GalleyError) return thrown;
		throw thrown;
	}
	throw new Error("nothing was thrown");
}

const conversation: readonly ChatMessage[] = [
	{ role: "system", content: "Be brief." },
	{ role: "user", content: "Hi" },
];

const weatherTool: ChatTool = {
	type: "function",
	function: {
		name: "get_weather",
		description: undefined,
		parameters: {
			type: "object",
			properties: { city: { type: "string" } },
		},
	},
};

const toolConversation: readonly ChatMessage[] = [
	{ role: "user", content: "Rain?" },
	{
		role: "assistant",
		content: "",
		toolCalls: [
			{
				id: "call_1",
				type: "function",
				function: { name: "get_weather", arguments: '{"city":"Rome"}' },
			},
		],
	},
	{ role: "tool", content: "dry", toolCallId: "call_1" },
];

describe("ordinary templates", () => {
	test("a model without a template gets ChatML", () => {
		const text = templatesOf(null).render(conversation, generation);
		expect(text).toBe(
			"<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
		);
	});

	test("the default template says that it knows no tools", () => {
		const error = errorOf(() =>
			templatesOf(null).render(conversation, {
				...generation,
				tools: [weatherTool],
			}),
		);
		expect(error.code).toBe("template_error");
		expect(error.message).toContain("knows no tools");
	});

	test("gives templates their tokens, the date and the generation prompt", () => {
		const template =
			"{{ bos_token }}{{ strftime_now('%d %b %Y') }}{% for m in messages %}[{{ m.role }}]{{ m['content'] | trim }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
		const templates = templatesOf(template, {
			now: () => new Date(2025, 0, 9),
		});
		expect(templates.render(conversation, generation)).toBe(
			"<s>09 Jan 2025[system]Be brief.</s>[user]Hi</s>[assistant]",
		);
		expect(
			templates.render(conversation, { addGenerationPrompt: false }),
		).not.toContain("[assistant]");
	});

	test("strips blocks as transformers does", () => {
		const template =
			"{% for m in messages %}\n    {% if m.role == 'user' %}\nU: {{ m.content }}\n    {% endif %}\n{% endfor %}\n";
		expect(templatesOf(template).render(conversation, generation)).toBe(
			"U: Hi\n",
		);
	});

	test("passes the request's own variables and lets them replace the tokens", () => {
		const template =
			"{{ bos_token }}{{ messages[0].content }}{% if enable_thinking is defined and not enable_thinking %}<no-think>{% endif %}";
		const text = templatesOf(template).render(conversation, {
			...generation,
			variables: { enable_thinking: false, bos_token: "<other>" },
		});
		expect(text).toBe("<other>Be brief.<no-think>");
	});

	test("a variable that would hide the conversation is refused by name", () => {
		for (const name of ["messages", "tools", "raise_exception", "true"]) {
			const error = errorOf(() =>
				templatesOf(null).render(conversation, {
					...generation,
					variables: { [name]: 1 },
				}),
			);
			expect(error.param).toBe(`chat_template_kwargs.${name}`);
		}
	});

	test("tells whether a prompt begins with the begin-of-sequence token already", () => {
		const writing = templatesOf("{{ bos_token }}{{ messages[0].content }}");
		expect(writing.writesBos(writing.render(conversation, generation))).toBe(
			true,
		);
		const silent = templatesOf(null);
		expect(silent.writesBos(silent.render(conversation, generation))).toBe(
			false,
		);
		expect(templatesOf(null, { bosToken: "" }).writesBos("any")).toBe(false);
	});

	test("developers speak as system where a template does not know them", () => {
		const messages: ChatMessage[] = [{ role: "developer", content: "x" }];
		const plain = "{{ messages[0].role }}:{{ messages[0].content }}";
		expect(templatesOf(plain).render(messages, generation)).toBe("system:x");
		const knowing = `${plain}{% if messages[0].role == 'developer' %}!{% endif %}`;
		expect(templatesOf(knowing).render(messages, generation)).toBe(
			"developer:x!",
		);
	});

	test("reasoning and names reach the template", () => {
		const template =
			"{% for m in messages %}{{ m.name }}|{{ m.reasoning_content }}|{{ m.content }};{% endfor %}";
		const messages: ChatMessage[] = [
			{ role: "user", content: "q", name: "Ada" },
			{ role: "assistant", content: "a", reasoningContent: "hm" },
		];
		expect(templatesOf(template).render(messages, generation)).toBe(
			"Ada||q;|hm|a;",
		);
	});

	test("what is written in messages is never taken for template code", () => {
		const messages: ChatMessage[] = [
			{ role: "user", content: "{{ 7 * 7 }}{% endfor %}" },
		];
		expect(templatesOf(null).render(messages, generation)).toContain(
			"{{ 7 * 7 }}{% endfor %}",
		);
	});
});

describe("tools", () => {
	test("tools are printed as they came, without fields that were left out", () => {
		const template =
			"{{ messages[0].content }}{% for tool in tools %}{{ tool | tojson }}{% endfor %}";
		const text = templatesOf(template).render(conversation, {
			...generation,
			tools: [weatherTool],
		});
		expect(text).toBe(
			'Be brief.{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}',
		);
	});

	test("without tools the variable is none", () => {
		const template =
			"{{ messages[0].content }}{% if tools is none %}|none{% endif %}{% if tools is defined %}|defined{% endif %}";
		expect(templatesOf(template).render(conversation, generation)).toBe(
			"Be brief.|none|defined",
		);
	});

	test("a template that walks through tools without asking gets an empty list", () => {
		const template =
			"{% for tool in tools %}{{ tool.function.name }}{% endfor %}{{ messages[0].content }}";
		expect(templatesOf(template).render(conversation, generation)).toBe(
			"Be brief.",
		);
	});

	test("the template for tool use is taken when there are tools", () => {
		const templates = templatesOf("plain {{ messages[0].content }}", {
			toolUseTemplate: "tools {{ messages[0].content }}",
		});
		expect(templates.render(conversation, generation)).toBe("plain Be brief.");
		expect(
			templates.render(conversation, { ...generation, tools: [weatherTool] }),
		).toBe("tools Be brief.");
	});

	const calls =
		"{% for m in messages %}{{ m.content }}{% for call in m.tool_calls %}<CALL>{% endfor %}{% if m.role == 'tool' %}({{ m.name }}#{{ m.tool_call_id }}){% endif %};{% endfor %}";
	const withCall = (expression: string) => calls.replace("<CALL>", expression);

	test("templates that print arguments as JSON get a mapping", () => {
		const template = withCall(
			"{{ call.function.name }}={{ call.function.arguments | tojson }}",
		);
		expect(templatesOf(template).render(toolConversation, generation)).toBe(
			'Rain?;get_weather={"city": "Rome"};dry(get_weather#call_1);',
		);
	});

	test("templates that walk through arguments get a mapping", () => {
		const template = withCall(
			"{% for key, value in call.function.arguments.items() %}{{ key }}:{{ value }}{% endfor %}",
		);
		expect(templatesOf(template).render(toolConversation, generation)).toBe(
			"Rain?;city:Rome;dry(get_weather#call_1);",
		);
	});

	test("templates that put arguments together as text get the JSON text", () => {
		const template = withCall(
			"{{ '<' + call.function.name + '>' + call.function.arguments }}",
		);
		expect(templatesOf(template).render(toolConversation, generation)).toBe(
			'Rain?;<get_weather>{"city":"Rome"};dry(get_weather#call_1);',
		);
	});

	test("templates that show calls only beside absent content get none for it", () => {
		const template = withCall(
			"{% if m.content is none %}{{ call.function.arguments | tojson }}{% endif %}",
		);
		expect(
			templatesOf(template).render(toolConversation, generation),
		).toContain('{"city": "Rome"}');
	});

	test("arguments that are no JSON object stay as the model wrote them", () => {
		const messages: ChatMessage[] = ['{"city":', "[1]", "null"].map((json) => ({
			role: "assistant",
			content: "",
			toolCalls: [
				{
					id: "c",
					type: "function",
					function: { name: "f", arguments: json },
				},
			],
		}));
		const template = withCall("{{ call.function.arguments }}");
		expect(templatesOf(template).render(messages, generation)).toBe(
			'{"city":;[1];null;',
		);
	});

	test("templates that want content in parts get parts", () => {
		const template =
			"{% for m in messages %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %};{% endfor %}";
		expect(templatesOf(template).render(conversation, generation)).toBe(
			"Be brief.;Hi;",
		);
	});
});

describe("templates that fail", () => {
	test("a refusal reaches the client in the template's own words", () => {
		const template =
			"{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ messages[0].content }}";
		const error = errorOf(() =>
			templatesOf(template).render(conversation, generation),
		);
		expect(error).toMatchObject({
			code: "template_error",
			status: 400,
			param: "messages",
		});
		expect(error.message).toContain("System role not supported");
	});

	test("a long refusal is cut", () => {
		const template = "{{ raise_exception(messages[0].content) }}";
		const messages: ChatMessage[] = [
			{ role: "user", content: "x".repeat(50_000) },
		];
		const error = errorOf(() =>
			templatesOf(template).render(messages, generation),
		);
		expect(error.message.length).toBeLessThan(1200);
	});

	test("an operation that does not exist is named", () => {
		const error = errorOf(() =>
			templatesOf("{{ messages | frobnicate }}").render(
				conversation,
				generation,
			),
		);
		expect(error.code).toBe("template_error");
		expect(error.message).toContain("frobnicate");
	});

	test("a model whose template does not parse can still be used with another one", () => {
		const templates = templatesOf("{% for %}");
		expect(templates.problem?.code).toBe("template_error");
		expect(
			errorOf(() => templates.render(conversation, generation)).message,
		).toContain("The model's own chat template");
		expect(
			templates.render(conversation, {
				...generation,
				chatTemplate: "{{ messages[0].content }}",
			}),
		).toBe("Be brief.");
	});

	test("a usable template leaves no problem", () => {
		expect(templatesOf(null).problem).toBeNull();
	});

	test("a template of a request that does not parse is the request's fault", () => {
		for (const chatTemplate of ["{% if %}", "{{ 'a }}", "{{", "{% for x in"]) {
			const error = errorOf(() =>
				templatesOf(null).render(conversation, { ...generation, chatTemplate }),
			);
			expect(error).toMatchObject({
				code: "template_error",
				param: "chat_template",
			});
		}
	});

	test("many given templates do not displace each other's results", () => {
		const templates = templatesOf(null);
		for (let round = 0; round < 2; round++) {
			for (let number = 0; number < 20; number++) {
				const chatTemplate = `${number}:{{ messages[1].content }}`;
				expect(
					templates.render(conversation, { ...generation, chatTemplate }),
				).toBe(`${number}:Hi`);
			}
		}
	});
});
