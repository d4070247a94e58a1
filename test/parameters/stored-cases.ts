import { expect } from "vitest";
import type { Json } from "./dialects.ts";
import { type ParameterCase, supported } from "./parameter-case.ts";
import type { RouteClient } from "./route-client.ts";

const responses = ["/v1/responses"] as const;

async function retrieve(route: RouteClient, id: string) {
	const response = await fetch(`${route.service.url}/v1/responses/${id}`);
	return { status: response.status, body: (await response.json()) as Json };
}

export const storedCases: readonly ParameterCase[] = [
	supported(
		"input",
		"a text, or messages, function calls and their outputs, and ids of earlier items",
		async (route) => {
			const whole = await route.ask({ input: "Hello" });
			expect(whole.prompt).toMatch(/user\nHello<\|im_end\|>/);
			const { prompt } = await route.ask({
				...route.atMost(1),
				input: [
					{ role: "user", content: [{ type: "input_text", text: "Hello" }] },
					{ type: "item_reference", id: whole.body.output[0].id },
					{
						type: "function_call",
						call_id: "call_1",
						name: "get_time",
						arguments: "{}",
					},
					{
						type: "function_call_output",
						call_id: "call_1",
						output: "noon",
					},
				],
			});
			expect(prompt).toContain(whole.text);
			expect(prompt).toMatch(/Hello.*get_time.*noon/s);
		},
		responses,
	),
	supported(
		"instructions",
		"a system message, of this response alone",
		async (route) => {
			const first = await route.ask({ instructions: "Be kind." });
			expect(first.prompt).toMatch(/^<\|im_start\|>system\nBe kind\./);
			const next = await route.ask({ previous_response_id: first.body.id });
			expect(next.prompt).not.toContain("Be kind.");
		},
		responses,
	),
	supported(
		"previous_response_id",
		"goes on with that conversation",
		async (route) => {
			const first = await route.ask({ input: "Hello" });
			const next = await route.ask({
				previous_response_id: first.body.id,
				input: "Who are you?",
			});
			expect(next.prompt).toContain(
				`user\nHello<|im_end|>\n<|im_start|>assistant\n${first.text}`,
			);
			expect(next.prompt).toContain("user\nWho are you?");
			const unknown = await route.send({ previous_response_id: "resp_none" });
			expect([400, 404]).toContain(unknown.status);
		},
		responses,
	),
	supported(
		"store",
		"false keeps nothing; else the response can be had again",
		async (route) => {
			const kept = await route.ask();
			const again = await retrieve(route, kept.body.id);
			expect(again.body.output).toEqual(kept.body.output);
			const gone = await route.ask({ store: false });
			expect((await retrieve(route, gone.body.id)).status).toBe(404);
		},
		responses,
	),
	supported(
		"background",
		"answers at once and goes on; GET has the response when it is done",
		async (route) => {
			const begun = await route.ask({ background: true });
			expect(["queued", "in_progress"]).toContain(begun.body.status);
			await expect
				.poll(async () => (await retrieve(route, begun.body.id)).body.status)
				.toBe("incomplete");
			const { body } = await retrieve(route, begun.body.id);
			expect(body.output[0].content[0].text).toBe(
				(await route.reference()).text,
			);
		},
		responses,
	),
	supported(
		"metadata",
		"kept with the response and repeated in it",
		async (route) => {
			const { body } = await route.ask({ metadata: { kind: "test" } });
			const again = await retrieve(route, body.id);
			expect(again.body.metadata).toEqual({ kind: "test" });
		},
		responses,
	),
	supported(
		"prompt_cache_key",
		"repeated in the response; prefixes are found without it",
		async (route) => {
			const { body } = await route.ask({ prompt_cache_key: "key" });
			expect(body.prompt_cache_key).toBe("key");
		},
		responses,
	),
];
