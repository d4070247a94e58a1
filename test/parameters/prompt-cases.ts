import { expect } from "vitest";
import type { Fields, RouteName } from "./dialects.ts";
import {
	completionRoutes,
	conversationRoutes,
	type ParameterCase,
	supported,
} from "./parameter-case.ts";
import type { RouteClient } from "./route-client.ts";

const chat = ["/v1/chat/completions"] as const;
const completions = ["/v1/completions"] as const;
const messagesRoute = ["/v1/messages"] as const;

/** A conversation of many turns, under each API's name. */
function conversation(route: RouteName, turns: number): Fields {
	const messages = Array.from({ length: 2 * turns + 1 }, (_, index) => ({
		role: index % 2 === 0 ? "user" : "assistant",
		content: `Turn ${index} of a long talk about the dog and the apple.`,
	}));
	return route === "/v1/responses" ? { input: messages } : { messages };
}

const template =
	"{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}mood={{ mood }}\n";

/** Only what the prompt is, as cheaply as can be. */
const promptOf = async (route: RouteClient, fields: Fields) =>
	(await route.ask({ ...route.atMost(1), ...fields })).prompt;

export const promptCases: readonly ParameterCase[] = [
	supported(
		"messages",
		"system, developer, user, assistant and tool messages, as texts or lists of text parts, in the model's own form",
		async (route) => {
			const call = {
				id: "call_1",
				type: "function",
				function: { name: "get_time", arguments: "{}" },
			};
			const prompt = await promptOf(route, {
				messages: [
					{ role: "system", content: "Be kind." },
					{ role: "user", content: [{ type: "text", text: "What time?" }] },
					{ role: "assistant", content: null, tool_calls: [call] },
					{ role: "tool", tool_call_id: "call_1", content: "noon" },
					{ role: "user", content: "Thanks" },
				],
			});
			expect(prompt).toMatch(
				/^<\|im_start\|>system\nBe kind.*user\nWhat time\?.*assistant\n.*get_time.*noon.*user\nThanks<\|im_end\|>\n<\|im_start\|>assistant\n$/s,
			);
		},
		chat,
	),
	supported(
		"messages",
		"user and assistant messages of text, thinking, tool_use and tool_result blocks, in the model's own form; one that ends with the assistant is gone on with",
		async (route) => {
			const messages = [
				{ role: "user", content: [{ type: "text", text: "What time?" }] },
				{
					role: "assistant",
					content: [
						{ type: "tool_use", id: "call_1", name: "get_time", input: {} },
					],
				},
				{
					role: "user",
					content: [
						{ type: "tool_result", tool_use_id: "call_1", content: "noon" },
					],
				},
				{ role: "assistant", content: "It is" },
			];
			expect(await promptOf(route, { messages })).toMatch(
				/^<\|im_start\|>user\nWhat time\?.*get_time.*noon.*assistant\nIt is$/s,
			);
		},
		messagesRoute,
	),
	supported(
		"system",
		"a system message before the others, a text or text blocks",
		async (route) => {
			for (const system of ["Be kind.", [{ type: "text", text: "Be kind." }]])
				expect(await promptOf(route, { system })).toMatch(
					/^<\|im_start\|>system\nBe kind\.<\|im_end\|>/,
				);
		},
		messagesRoute,
	),
	supported(
		"prompt",
		"a text, token ids, or a list of either: a choice for each",
		async (route) => {
			const texts = ["Once upon a time", "The dog"];
			const ids = texts.map((text) => route.service.tokenize(text));
			const [one, byIds] = await route.askEach([
				{ prompt: texts[0] },
				{ prompt: ids[0] },
			]);
			expect(one?.prompt).toBe(texts[0]);
			expect(byIds?.text).toBe(one?.text);
			const both = await route.askEach([{ prompt: texts }, { prompt: ids }]);
			for (const { texts: answers, generations } of both) {
				expect(answers).toHaveLength(2);
				expect(
					generations.map(({ request }) => [...request.promptTokens]),
				).toEqual(ids);
			}
		},
		completions,
	),
	supported(
		"suffix",
		"what is between prompt and suffix is filled in, by models that were trained for it; a 400 by others",
		async (route) => {
			const prompt = "Once";
			const { prompt: read } = await route
				.ofFakeEngine()
				.ask({ prompt, suffix: " the end" });
			expect(read).toBe("<|begin|><|system|>Once<|user|> the end<|tool|>");
			const [plain, empty] = await route.askEach([
				{ prompt },
				{ prompt, suffix: "" },
			]);
			expect(empty?.text).toBe(plain?.text);
			const refused = await route.send({ prompt, suffix: " the end" });
			expect(refused.status).toBe(400);
			expect(refused.body.error.param).toBe("suffix");
			expect(refused.generations).toEqual([]);
		},
		completions,
	),
	supported(
		"echo",
		"the prompt stands before the completion; with `max_tokens` 0 it is scored alone",
		async (route) => {
			const prompt = "Once upon a time";
			const plain = await route.ask({ prompt });
			const echoed = await route.ask({ prompt, echo: true });
			expect(echoed.text).toBe(prompt + plain.text);
			const { body } = await route.ask({
				prompt,
				echo: true,
				max_tokens: 0,
				logprobs: 0,
			});
			expect(body.choices[0].text).toBe(prompt);
			expect(body.choices[0].logprobs.token_logprobs).toHaveLength(
				route.service.tokenize(prompt).length,
			);
		},
		completions,
	),
	supported(
		"best_of",
		"so many are drawn, the likeliest answered",
		async (route) => {
			const { texts, body } = await route.ask({
				best_of: 4,
				n: 2,
				ignore_eos: true,
				temperature: 1.5,
				seed: 1,
			});
			expect(texts).toHaveLength(2);
			expect(body.usage.completion_tokens).toBe(40);
		},
		completions,
	),
	supported(
		"chat_template",
		"replaces the model's own, where the server allows it (`--trust-request-chat-template`)",
		async (route) => {
			expect(await promptOf(route, { chat_template: template })).toBe(
				"[user] Tell me a story.\nmood=",
			);
		},
		conversationRoutes,
	),
	supported(
		"chat_template_kwargs",
		"variables of the template",
		async (route) => {
			const prompt = await promptOf(route, {
				chat_template: template,
				chat_template_kwargs: { mood: "merry" },
			});
			expect(prompt).toContain("mood=merry");
		},
		conversationRoutes,
	),
	supported(
		"add_generation_prompt",
		"false ends the prompt with the last message",
		async (route) => {
			const prompt = await promptOf(route, { add_generation_prompt: false });
			expect(prompt).toMatch(/story\.<\|im_end\|>\n$/);
		},
		chat,
	),
	supported(
		"continue_final_message",
		"the answer goes on in the middle of the last message",
		async (route) => {
			const messages = [
				{ role: "user", content: "Tell me a story." },
				{ role: "assistant", content: "Once upon a" },
			];
			const answer = await route.ask({
				messages,
				continue_final_message: true,
			});
			expect(answer.prompt).toMatch(/assistant\nOnce upon a$/);
			expect(answer.text).toMatch(/^ time/);
		},
		chat,
	),
	supported(
		"add_special_tokens",
		"whether the model's begin token goes before the prompt",
		async (route) => {
			// The starter model has none.
			const fake = route.ofFakeEngine();
			const fields =
				route.name === "/v1/completions" ? { prompt: "Hello" } : {};
			expect(
				await promptOf(fake, { ...fields, add_special_tokens: true }),
			).toMatch(/^<\|begin\|>/);
			expect(
				await promptOf(fake, { ...fields, add_special_tokens: false }),
			).not.toContain("<|begin|>");
		},
		completionRoutes,
	),
	supported(
		"truncation",
		"`auto` leaves out the oldest turns of a conversation that is too long, and says how many; `disabled` refuses it",
		async (route) => {
			const fields = conversation(route.name, 50);
			const answer = await route.ask({ ...fields, truncation: "auto" });
			expect(answer.headers.get("x-galley-truncated")).toMatch(
				/^messages=\d+; tokens=\d+$/,
			);
			expect(answer.prompt).toContain("Turn 100 of");
			expect(answer.prompt).not.toContain("Turn 0 of");
			for (const truncation of ["disabled", undefined]) {
				const refused = await route.send({ ...fields, truncation });
				expect(refused.status).toBe(400);
				expect(refused.body.error.message).toContain("1024 tokens");
			}
		},
		conversationRoutes,
	),
];
