import { describe, expect, it } from "vitest";
import { Conversation, describeAnswer } from "./conversation.ts";

const usage = { promptTokens: 10, completionTokens: 11, cachedTokens: 4 };
const times = { firstTokenMs: 200, totalMs: 700 };

describe("Conversation", () => {
	it("sends all that was said, system first", () => {
		const conversation = new Conversation("Be brief.");
		conversation.remember("Hi", "Hello");
		expect(conversation.messagesWith("Bye")).toEqual([
			{ role: "system", content: "Be brief." },
			{ role: "user", content: "Hi" },
			{ role: "assistant", content: "Hello" },
			{ role: "user", content: "Bye" },
		]);
	});

	it("forgets on /clear and keeps the settings", () => {
		const conversation = new Conversation();
		conversation.remember("Hi", "Hello");
		conversation.command("/set temperature 0.2");
		expect(conversation.command("/clear").type).toBe("say");
		expect(conversation.messagesWith("x")).toEqual([
			{ role: "user", content: "x" },
		]);
		expect(conversation.parameters).toEqual({ temperature: 0.2 });
	});

	it("begins anew with another system message", () => {
		const conversation = new Conversation();
		conversation.remember("Hi", "Hello");
		expect(conversation.command("/system")).toMatchObject({
			text: "There is no system message.",
		});
		conversation.command("/system Speak like a pirate.\nAlways.");
		expect(conversation.messagesWith("x")).toEqual([
			{ role: "system", content: "Speak like a pirate.\nAlways." },
			{ role: "user", content: "x" },
		]);
		expect(conversation.command("/system")).toMatchObject({
			text: "System: Speak like a pirate.\nAlways.",
		});
	});

	it("sets numbers, whole numbers and texts, and takes them back", () => {
		const conversation = new Conversation();
		for (const setting of [
			"temperature=0.5",
			"max_tokens 20",
			"stop   a b",
			"seed = 7",
		]) {
			expect(conversation.set(setting)).toMatchObject({ type: "say" });
		}
		expect(conversation.parameters).toEqual({
			temperature: 0.5,
			max_tokens: 20,
			stop: "a b",
			seed: 7,
		});
		expect(conversation.set("temperature")).toMatchObject({
			text: "temperature is 0.5.",
		});
		conversation.set("temperature default");
		expect(conversation.parameters).not.toHaveProperty("temperature");
		expect(conversation.command("/set")).toMatchObject({
			text: "max_tokens 20\nstop a b\nseed 7",
		});
	});

	it("refuses settings that it doesn't know or that are no numbers", () => {
		const conversation = new Conversation();
		expect(conversation.set("temprature 1")).toEqual({
			type: "refuse",
			text: 'There is no setting "temprature"; did you mean temperature?',
		});
		expect(conversation.set("top_k 1.5")).toEqual({
			type: "refuse",
			text: 'top_k must be a whole number, not "1.5".',
		});
		expect(conversation.set("temperature hot").type).toBe("refuse");
		expect(conversation.parameters).toEqual({});
	});

	it("knows its commands, in any case, and guesses at others", () => {
		const conversation = new Conversation();
		expect(conversation.command("/HELP")).toMatchObject({ type: "say" });
		expect(conversation.command("/")).toMatchObject({ type: "say" });
		for (const leave of ["/exit", "/quit", " /bye "])
			expect(conversation.command(leave)).toEqual({ type: "exit" });
		expect(conversation.command("/cleer")).toEqual({
			type: "refuse",
			text: "There is no command /cleer; did you mean /clear?",
		});
	});

	it("adds up what answers cost", () => {
		const conversation = new Conversation();
		expect(conversation.command("/stats")).toMatchObject({
			text: "Nothing has been answered yet.",
		});
		conversation.count(usage, times);
		conversation.count(usage, times);
		expect(conversation.command("/stats")).toMatchObject({
			text: "2 answers in 1.4 s: 20 tokens in, 8 of them from the cache, 22 out.",
		});
	});
});

describe("describeAnswer", () => {
	it("leaves the first token out of the speed", () => {
		expect(describeAnswer(usage, times)).toBe(
			"11 tokens, 20.0 tokens/s, first after 0.20 s",
		);
		expect(describeAnswer({ ...usage, completionTokens: 1 }, times)).toBe(
			"1 token, first after 0.20 s",
		);
	});
});
