import { expect, test } from "vitest";
import { ChoiceText } from "./choice-text.ts";
import { TokenTexts } from "./token-texts.ts";

const pieces: readonly (readonly number[])[] = [
	[...Buffer.from("Hello")],
	[...Buffer.from(" wor")],
	[...Buffer.from("ld\n")],
	[...Buffer.from("\nUser")],
	[...Buffer.from(":")],
	[0xe2],
	[0x82, 0xac],
];
const [hello, wor, ld, user, colon, euroLead, euroRest] = [0, 1, 2, 3, 4, 5, 6];

const texts = new TokenTexts({
	vocabularySize: pieces.length,
	tokenBytes: (token) => Uint8Array.from(pieces[token] ?? []),
});

function pushAll(choice: ChoiceText, tokens: readonly number[]): string[] {
	return tokens.map((token) => choice.push(token, true));
}

test("gives each token's text when there are no stop strings", () => {
	const choice = new ChoiceText(texts, [], false);
	expect(pushAll(choice, [hello, wor, ld])).toEqual(["Hello", " wor", "ld\n"]);
	expect(choice.flush()).toBe("");
	expect(choice.stopString).toBeNull();
});

test("ends at a stop string that runs over tokens and holds it back meanwhile", () => {
	const choice = new ChoiceText(texts, ["\n\nUser:"], false);
	const all = [hello, wor, ld, user, colon, hello];
	expect(pushAll(choice, all)).toEqual(["Hello", " wor", "ld", "", "", ""]);
	expect(choice.stopString).toBe("\n\nUser:");
	expect(choice.flush()).toBe("");
});

test("keeps the stop string when asked to", () => {
	const choice = new ChoiceText(texts, ["\n\nUser:"], true);
	expect(pushAll(choice, [ld, user, colon]).join("")).toBe("ld\n\nUser:");
});

test("finds a stop string whose character comes in parts", () => {
	const choice = new ChoiceText(texts, ["€"], false);
	expect(pushAll(choice, [hello, euroLead, euroRest])).toEqual([
		"Hello",
		"",
		"",
	]);
	expect(choice.stopString).toBe("€");
});

test("a flush gives first the held text, then the unfinished character", () => {
	const choice = new ChoiceText(texts, ["\n\nUser:"], false);
	expect(pushAll(choice, [ld, euroLead])).toEqual(["ld", ""]);
	expect(choice.flush()).toBe("\n\ufffd");
});

test("stop strings pass while the choice may not stop", () => {
	const choice = new ChoiceText(texts, ["wor"], false);
	expect(choice.push(wor, false)).toBe(" wor");
	expect(choice.stopString).toBeNull();
	expect(choice.push(wor, true)).toBe(" ");
	expect(choice.stopString).toBe("wor");
});
