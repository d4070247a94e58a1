import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBodyFacts } from "../policy/body-facts.ts";
import { askForUsage } from "./asked-usage.ts";

function asked(body: object | string, path = "/v1/chat/completions") {
	const bytes = Buffer.from(
		typeof body === "string" ? body : JSON.stringify(body),
	);
	const changed = askForUsage(path, bytes, readBodyFacts(bytes));
	return changed === null ? null : JSON.parse(changed.toString());
}

describe("asking a stream for its usage", () => {
	test("adds to what the client wrote, and only where it has to", () => {
		expect(asked({ stream: true, a: 1 })).toEqual({
			stream: true,
			a: 1,
			stream_options: { include_usage: true },
		});
		expect(asked({ stream: true, stream_options: null })).toEqual({
			stream: true,
			stream_options: { include_usage: true },
		});
		expect(
			asked({ stream_options: { include_usage: false, x: 1 }, stream: true }),
		).toEqual({ stream: true, stream_options: { include_usage: true, x: 1 } });
		expect(
			asked({ stream: true, stream_options: { include_usage: true } }),
		).toBeNull();
		expect(asked({ stream: false })).toBeNull();
		expect(asked({ messages: [{ stream: true }] })).toBeNull();
		expect(asked({ stream: true }, "/v1/messages")).toBeNull();
		expect(asked({ stream: true, stream_options: "x" })).toBeNull();
		expect(asked("[]")).toBeNull();
	});

	const body = fc.record(
		{
			stream: fc.constantFrom(true, false, null, 1),
			stream_options: fc.constantFrom(
				null,
				{},
				{ include_usage: true },
				{ include_obfuscation: false },
			),
			messages: fc.jsonValue(),
			n: fc.nat(5),
		},
		{ requiredKeys: [] },
	);
	test("property: nothing else of the body changes", () => {
		fc.assert(
			fc.property(body, fc.constantFrom(0, 2), (value, indent) => {
				const changed = asked(JSON.stringify(value, null, indent));
				if (changed === null) {
					const isAsked =
						(value.stream_options as { include_usage?: boolean } | null)
							?.include_usage === true;
					expect(value.stream === true && !isAsked).toBe(false);
					return;
				}
				const { stream_options, ...rest } = changed;
				const { stream_options: before, ...given } = JSON.parse(
					JSON.stringify(value),
				);
				expect(rest).toEqual(given);
				expect(stream_options).toEqual({ ...before, include_usage: true });
			}),
		);
	});
});

describe("what a body says", () => {
	test("of the tokens that it may take", () => {
		const facts = readBodyFacts(
			Buffer.from(
				JSON.stringify({
					messages: [
						{
							content: [
								{
									type: "image_url",
									image_url: {
										url: `data:image/png;base64,${"A".repeat(100_000)}`,
									},
								},
								{ text: "w ".repeat(1000) },
							],
						},
					],
					n: 2,
					max_completion_tokens: 30,
					metadata: { max_tokens: 5 },
				}),
			),
		);
		expect(facts).toMatchObject({ attachments: 1, choices: 2, maxTokens: 30 });
		expect(facts.textBytes).toBeLessThan(2500);
	});

	test("property: bytes that are no JSON break nothing", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
				readBodyFacts(Buffer.from(bytes));
				readBodyFacts(Buffer.concat([Buffer.from('{"stream":'), bytes]));
			}),
		);
	});
});
