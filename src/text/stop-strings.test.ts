import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StopStrings } from "./stop-strings.ts";

interface Piece {
	text: string;
	mayStop: boolean;
}

function run(
	stops: readonly string[],
	pieces: readonly (string | Piece)[],
	includeStopString = false,
) {
	const stopStrings = new StopStrings(stops, includeStopString);
	const texts = pieces.map((piece) =>
		typeof piece === "string"
			? stopStrings.push(piece, true)
			: stopStrings.push(piece.text, piece.mayStop),
	);
	const rest = stopStrings.flush();
	const whole = texts.join("") + rest;
	return { texts, rest, whole, stopString: stopStrings.stopString };
}

test("text without a stop string passes at once", () => {
	const { texts, rest, stopString } = run(["###"], ["Hello ", "world"]);
	expect({ texts, rest, stopString }).toEqual({
		texts: ["Hello ", "world"],
		rest: "",
		stopString: null,
	});
});

test("a stop string spread over pieces is held and never shown", () => {
	const { texts, stopString } = run(["</s>"], ["Hi <", "b> <", "/s", ">x"]);
	expect(texts).toEqual(["Hi ", "<b> ", "", ""]);
	expect(stopString).toBe("</s>");
});

test("what was held comes out when it turns out to be text", () => {
	expect(run(["abcd"], ["xab", "cx"]).texts).toEqual(["x", "abcx"]);
});

test("what is still held at the end of the stream is text", () => {
	const { texts, rest } = run(["\n\nUser:"], ["Bye\n\nUs"]);
	expect({ texts, rest }).toEqual({ texts: ["Bye"], rest: "\n\nUs" });
});

test("no more is held than could become a stop string", () => {
	expect(run(["aab"], ["a", "a", "a", "a"]).texts).toEqual(["", "", "a", "a"]);
});

test("the stop string is kept when asked for, text behind it is not", () => {
	const { whole, stopString } = run(["END"], ["one EN", "D two"], true);
	expect({ whole, stopString }).toEqual({
		whole: "one END",
		stopString: "END",
	});
});

test("the match that is complete first wins, though another one began before", () => {
	const { whole, stopString } = run(["abcd", "bc"], ["xabcd"]);
	expect({ whole, stopString }).toEqual({ whole: "xa", stopString: "bc" });
});

test("of matches that end at the same place the longest wins, in any order of the list", () => {
	for (const stops of [
		["b", "aab", "ab"],
		["aab", "ab", "b"],
	]) {
		expect(run(stops, ["xa", "ab"])).toMatchObject({
			whole: "x",
			stopString: "aab",
		});
	}
});

test("all text after the stop string is dropped", () => {
	const stopStrings = new StopStrings(["."], false);
	expect(stopStrings.push("a.b", true)).toBe("a");
	expect(stopStrings.push("c", true)).toBe("");
	expect(stopStrings.flush()).toBe("");
});

test("an empty stop string never matches", () => {
	expect(run([""], ["abc"])).toMatchObject({ whole: "abc", stopString: null });
});

describe("while it may not stop", () => {
	test("a stop string is text like any other", () => {
		const pieces = [
			{ text: "a.", mayStop: false },
			{ text: "b.", mayStop: true },
		];
		expect(run(["."], pieces)).toMatchObject({
			texts: ["a.", "b"],
			stopString: ".",
		});
	});

	test("a stop string that ends later is still found whole", () => {
		const pieces = [
			{ text: "a<", mayStop: false },
			{ text: "/s>", mayStop: true },
		];
		expect(run(["</s>"], pieces)).toMatchObject({
			texts: ["a", ""],
			stopString: "</s>",
		});
	});

	test("a stop string that began inside one passed over is found", () => {
		const pieces = [
			{ text: "xabab", mayStop: false },
			{ text: "ab", mayStop: true },
		];
		expect(run(["abab"], pieces)).toMatchObject({
			whole: "xab",
			stopString: "abab",
		});
	});
});

/** What the rules say, by looking at the whole text again for every place where a match could end. */
function naive(
	stops: readonly string[],
	pieces: readonly Piece[],
	includeStopString: boolean,
) {
	const whole = pieces.map(({ text }) => text).join("");
	let end = 0;
	for (const { text, mayStop } of pieces) {
		for (const last = end + text.length; end < last; ) {
			end++;
			const found = stops
				.filter((stop) => stop !== "" && whole.slice(0, end).endsWith(stop))
				.sort((left, right) => right.length - left.length)[0];
			if (found === undefined || !mayStop) continue;
			const start = end - found.length;
			return {
				whole: whole.slice(0, includeStopString ? end : start),
				stopString: found,
			};
		}
	}
	return { whole, stopString: null };
}

/** Few letters, so that prefixes overlap all the time. */
const letters = (maxLength: number) =>
	fc
		.array(fc.constantFrom("a", "b", "c"), { maxLength })
		.map((parts) => parts.join(""));
const stops = fc.array(letters(5), { maxLength: 4 });
const pieces = fc.array(
	fc.record({ text: letters(6), mayStop: fc.boolean() }),
	{ maxLength: 10 },
);

test("finds what a search of the whole text finds, for every cut into pieces", () => {
	fc.assert(
		fc.property(stops, pieces, fc.boolean(), (list, parts, include) => {
			const { whole, stopString } = run(list, parts, include);
			expect({ whole, stopString }).toEqual(naive(list, parts, include));
		}),
		{ numRuns: 5000 },
	);
});

test("what is held is always the longest ending that begins a stop string", () => {
	fc.assert(
		fc.property(
			stops,
			fc.array(letters(4), { maxLength: 8 }),
			(list, parts) => {
				const stopStrings = new StopStrings(list, false);
				let seen = "";
				let shown = "";
				for (const part of parts) {
					seen += part;
					shown += stopStrings.push(part, false);
					const held = seen.slice(shown.length);
					const beginnings = list.flatMap((stop) =>
						Array.from({ length: stop.length }, (_, end) => stop.slice(0, end)),
					);
					const longest = beginnings
						.filter((beginning) => seen.endsWith(beginning))
						.reduce((best, next) => Math.max(best, next.length), 0);
					expect(seen.startsWith(shown)).toBe(true);
					expect(held.length).toBe(longest);
				}
			},
		),
		{ numRuns: 2000 },
	);
});
