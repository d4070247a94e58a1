import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPaint } from "./terminal.ts";
import { sequenceOf, viewOf } from "./testing/top-views.ts";
import { renderFrame } from "./top-frame.ts";

const paint = (_style: string, text: string) => text;
const wide = { columns: 100, rows: 40, paint, hint: null };

describe("renderFrame", () => {
	it("shows the service, its rates and its sequences", () => {
		const sequences = [
			sequenceOf({ id: "a" }),
			sequenceOf({
				id: "chatcmpl-0123456789abcdef0123456789abcdef",
				choice: 2,
				state: "waiting",
				waitsFor: "prefix",
				cachedTokens: 0,
				computedTokens: 0,
				generatedTokens: 0,
				ageSeconds: 83,
				tokensPerSecond: null,
			}),
		];
		expect(renderFrame(viewOf({ sequences }), wide)).toEqual([
			"galley top  starter-chat   ready   up 2h13m   http://127.0.0.1:8000   Galley 1.2.3",
			"KV cache    [||||||||||                    ] 34 %   of 16,384 cells   unified   retained 3,210",
			"            saved 0",
			"Requests    5 running of 8   3 waiting (slot 2, prefix 1)   2.1/s finished   4 rejected (queue_full)",
			"Tokens      812/s prefill   143/s generated   prefix hits 63 %   drafted 0/s   accepted -",
			"Steps       23/s   p50 21 ms   p95 38 ms   target 50 ms",
			"Memory      0 preempted   1,200 tokens evicted   0 saved   0 restored",
			"",
			"REQUEST                 STATE    WAITS FOR  PROMPT  CACHED  COMPUTED  GENERATED  TOK/S    AGE",
			"a                       decode               1,240    97 %     1,260         20     31   2.5s",
			"chatcmpl-0..89abcdef:2  waiting  prefix      1,240     0 %         0          0      -  1m23s",
		]);
	});

	it("says what it does not know with a dash", () => {
		const nothing = { layout: null, cells: null, usage: null };
		const view = viewOf({
			state: "unreachable",
			stateDetail: "trying again",
			uptimeSeconds: null,
			running: null,
			waiting: null,
			maxSequences: null,
			waitingFor: {},
			targetItlMs: null,
			kvCache: { ...nothing, retainedTokens: null, savedTokens: null },
			rates: null,
			sequences: null,
			notices: ["Nobody answers."],
		});
		const text = renderFrame(view, wide).join("\n");
		expect(text).toContain("unreachable (trying again)");
		expect(text).toContain("- running of -   - waiting   -/s finished");
		expect(text).toContain("p50 -");
		expect(text).toContain("Nobody answers.");
		expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
	});

	it("shows a column only when it has something to say", () => {
		const lines = (sequence: Parameters<typeof sequenceOf>[0]) =>
			renderFrame(viewOf({ sequences: [sequenceOf(sequence)] }), {
				...wide,
				columns: 200,
			}).join("\n");
		expect(lines({})).not.toMatch(/PRIORITY|PREEMPTED/);
		expect(lines({ priority: -1 })).toContain("PRIORITY");
		expect(lines({ preemptions: 2 })).toContain("PREEMPTED");
	});

	it("gives up columns on a narrow terminal, never id and state", () => {
		const [, ...rest] = renderFrame(viewOf(), { ...wide, columns: 40 });
		const title = rest.find((line) => line.startsWith("REQUEST")) ?? "";
		expect(title).toContain("STATE");
		expect(title).toContain("TOK/S");
		expect(title).not.toContain("COMPUTED");
	});

	it("says how many sequences did not fit", () => {
		const sequences = Array.from({ length: 30 }, (_, index) =>
			sequenceOf({ id: `request-${index}` }),
		);
		const lines = renderFrame(viewOf({ sequences }), { ...wide, rows: 20 });
		expect(lines).toHaveLength(20);
		const shown = lines.filter((line) => line.startsWith("request-")).length;
		expect(lines.at(-1)).toBe(`... and ${30 - shown} more`);
		const all = renderFrame(viewOf({ sequences }), { ...wide, rows: Infinity });
		expect(all.filter((line) => line.startsWith("request-"))).toHaveLength(30);
	});

	it("lets nothing that a client or server wrote reach the terminal as a command", () => {
		const evil = "\u001b[2J\u0007evil\n";
		const view = viewOf({
			model: evil,
			stateDetail: evil,
			notices: [evil],
			waitingFor: { [evil]: 1 },
			sequences: [sequenceOf({ id: evil })],
		});
		const text = renderFrame(view, wide).join("\r");
		// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
		expect(text).not.toMatch(/[\u0000-\u000c\u000e-\u001f]/);
	});

	it("colours where a human looks, and adds nothing to the text", () => {
		const output = { isTTY: true, write: () => true };
		const options = { ...wide, hint: "q quits" };
		const coloured = renderFrame(viewOf(), {
			...options,
			paint: createPaint(output, {}),
		});
		expect(coloured.join("")).toContain("\u001b[32mready\u001b[39m");
		const bare = coloured.map((line) =>
			// biome-ignore lint/suspicious/noControlCharactersInRegex: colours
			line.replace(/\u001b\[\d+m/g, "").trimEnd(),
		);
		expect(bare).toEqual(renderFrame(viewOf(), options));
		const forbidden = createPaint(output, { NO_COLOR: "1" });
		expect(renderFrame(viewOf(), { ...options, paint: forbidden })).toEqual(
			bare,
		);
	});

	it("never exceeds the terminal, whatever its size", () => {
		const size = fc.integer({ min: 1, max: 200 });
		const count = fc.integer({ min: 0, max: 50 });
		fc.assert(
			fc.property(size, size, count, (columns, rows, sequences) => {
				const view = viewOf({
					sequences: Array.from({ length: sequences }, (_, index) =>
						sequenceOf({ id: "x".repeat(index), choice: index }),
					),
				});
				const lines = renderFrame(view, { ...wide, columns, rows });
				expect(lines.length).toBeLessThanOrEqual(rows);
				for (const line of lines)
					expect(line.length).toBeLessThanOrEqual(columns);
			}),
		);
	});
});
