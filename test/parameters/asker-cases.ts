import { expect } from "vitest";
import type { RouteName } from "./dialects.ts";
import { type ParameterCase, partly, supported } from "./parameter-case.ts";
import type { RouteClient } from "./route-client.ts";
import { adapterName, baseModel } from "./running-service.ts";

const withUser = [
	"/v1/chat/completions",
	"/v1/completions",
	"/v1/responses",
] as const satisfies readonly RouteName[];

/** Users are told apart, and one is the same each time. */
async function expectTenants(
	route: RouteClient,
	of: (user: string) => Record<string, unknown>,
) {
	const answers = await route.askEach(
		["ann", "ann", "bob"].map((user) => ({ ...route.atMost(1), ...of(user) })),
	);
	const [ann, again, bob] = answers.map(({ request }) => request.tenant);
	expect(ann).toBe(again);
	expect(ann).not.toBe(bob);
	expect(ann).not.toBe("");
}

export const askerCases: readonly ParameterCase[] = [
	supported(
		"model",
		"the base model's name or an adapter's; another one is a 404 that names those there are",
		async (route) => {
			const base = await route.ask({ model: baseModel });
			expect(base.text).toBe((await route.reference()).text);
			const adapter = await route.ask({ model: adapterName });
			expect(adapter.body.model).toBe(adapterName);
			expect(adapter.text).not.toBe(base.text);
			const unknown = await route.send({ model: "gpt-9" });
			expect(unknown.status).toBe(404);
			expect(unknown.body.error.message).toContain(adapterName);
		},
	),
	supported(
		"lora",
		"the answer is computed with these adapters, at these scales",
		async (route) => {
			const [plain, named, asked, off] = await route.askEach([
				{},
				{ model: adapterName },
				{ lora: [{ name: adapterName }] },
				{ lora: [{ name: adapterName, scale: 0 }] },
			]);
			expect(asked?.text).toBe(named?.text);
			expect(asked?.text).not.toBe(plain?.text);
			expect(off?.text).toBe(plain?.text);
		},
	),
	supported(
		"user",
		"names the tenant: tenants get equal shares of the engine and the queue",
		(route) => expectTenants(route, (user) => ({ user })),
		withUser,
	),
	supported(
		"safety_identifier",
		"names the tenant where `user` doesn't",
		async (route) => {
			await expectTenants(route, (name) => ({ safety_identifier: name }));
			const both = await route.ask({ user: "ann", safety_identifier: "bob" });
			const one = await route.ask({ user: "ann" });
			expect(both.request.tenant).toBe(one.request.tenant);
		},
		withUser,
	),
	supported(
		"metadata",
		"`user_id` names the tenant: tenants get equal shares of the engine and the queue",
		(route) =>
			expectTenants(route, (user) => ({ metadata: { user_id: user } })),
		["/v1/messages"],
	),
	supported(
		"cache_salt",
		"prompts share what was computed only with prompts of the same salt",
		async (route) => {
			const salt = `${route.name} ${Math.random()}`;
			const ask = (cache_salt?: string) =>
				route.ask({ ...route.atMost(1), cache_salt });
			await ask();
			expect((await ask()).cachedTokens).toBeGreaterThan(0);
			expect((await ask(salt)).cachedTokens).toBe(0);
			expect((await ask(salt)).cachedTokens).toBeGreaterThan(0);
		},
	),
	supported(
		"priority",
		"reaches the scheduler: lower runs first",
		async (route) => {
			const { request } = await route.ask({ priority: -3 });
			expect(request.priority).toBe(-3);
			expect((await route.reference()).request.priority).toBe(0);
		},
	),
	supported(
		"deadline_ms",
		"a first token that can't be had in this time is a 429 at once or a 504 at its end",
		async (route) => {
			const long = Array.from({ length: 400 }, () => Math.random() * 100);
			const late = await route.send({
				...route.question(long.map(Math.floor).join(" ")),
				deadline_ms: 1,
			});
			expect([429, 504]).toContain(late.status);
			const { request } = await route.ask({ deadline_ms: 60_000 });
			expect(request.deadlineMs).toBeLessThanOrEqual(60_000);
			expect(request.deadlineMs).toBeGreaterThan(30_000);
		},
	),
	supported(
		"stream",
		"the same text in pieces, as server-sent events",
		async (route) => {
			const whole = await route.reference();
			const streamed = await route.ask({ stream: true });
			expect(streamed.headers.get("content-type")).toContain(
				"text/event-stream",
			);
			expect(streamed.events.length).toBeGreaterThan(3);
			expect(streamed.text).toBe(whole.text);
		},
	),
	partly(
		"stream_options",
		"`include_usage` gives the usage in one more chunk; `include_obfuscation` adds nothing",
		async (route) => {
			const plain = await route.ask({ stream: true });
			expect(plain.events.at(-1)?.usage ?? null).toBeNull();
			const { events } = await route.ask({
				stream: true,
				stream_options: { include_usage: true, include_obfuscation: true },
			});
			expect(events.at(-1)).toMatchObject({
				choices: [],
				usage: { completion_tokens: 10 },
			});
			expect(JSON.stringify(events)).not.toContain("obfuscation");
		},
		["/v1/chat/completions", "/v1/completions"],
	),
	partly(
		"stream_options",
		"`include_obfuscation` adds nothing; the usage comes anyway",
		async (route) => {
			const stream_options = { include_obfuscation: true };
			const unstreamed = await route.send({ stream_options });
			expect(unstreamed.body.error?.param).toBe("stream_options");
			const { events } = await route.ask({ stream: true, stream_options });
			expect(events.at(-1)?.response.usage.output_tokens).toBe(10);
			expect(JSON.stringify(events)).not.toContain("obfuscation");
		},
		["/v1/responses"],
	),
	supported(
		"n",
		"so many choices of one prompt, each drawn for itself",
		async (route) => {
			const { texts, body } = await route.ask({
				n: 3,
				ignore_eos: true,
				temperature: 2,
				seed: 1,
			});
			expect(new Set(texts).size).toBe(3);
			expect(body.usage.completion_tokens).toBe(30);
		},
		["/v1/chat/completions", "/v1/completions"],
	),
];
