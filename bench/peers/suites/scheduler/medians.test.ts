import { expect, test } from "vitest";
import { figureTable } from "./figure-table.ts";
import {
	bestRival,
	type Measured,
	medianOf,
	medians,
	serverNames,
} from "./medians.ts";

function run(name: string, round: number, value: number): Measured<number> {
	return { name, command: name, round, foreignShare: 0, value };
}

const runs = [
	run("llama-server no-kv-unified", 1, 4),
	run("llama-server kv-unified", 1, 7),
	run("galley unconstrained", 1, 1),
	run("galley", 1, 30),
	run("galley", 2, 10),
	run("galley", 3, 20),
];

test("Galley's servers come first, the others by name", () => {
	expect(serverNames(runs)).toEqual([
		"galley",
		"galley unconstrained",
		"llama-server kv-unified",
		"llama-server no-kv-unified",
	]);
});

test("a figure is the median over the rounds, and NaN of what was not measured", () => {
	expect(medianOf(runs, "galley", (value) => 2 * value)).toBe(40);
	expect(medianOf(runs, "nobody", (value) => value)).toBeNaN();
});

test("the best rival is never Galley and never one without a figure", () => {
	const figures = [
		...medians(runs, (value) => value),
		{ name: "llama-server broken", value: Number.NaN },
		{ name: "llama-server idle", value: 0 },
	];
	expect(bestRival(figures, "higher")?.name).toBe("llama-server kv-unified");
	expect(bestRival(figures, "lower")?.name).toBe("llama-server no-kv-unified");
	expect(bestRival([{ name: "galley", value: 1 }], "lower")).toBeNull();
});

test("a table tells the spread where rounds differ, and a dash where nothing was measured", () => {
	const { head, rows } = figureTable("Figures", runs, [
		{ head: "value", figure: (value) => value, digits: 1 },
		{ head: "nothing", figure: () => Number.NaN },
	]);
	expect(head).toEqual(["", "value", "nothing"]);
	expect(rows[0]).toEqual(["galley", "20.0 (10.0 to 30.0)", "-"]);
	expect(rows[2]).toEqual(["llama-server kv-unified", "7.0", "-"]);
});
