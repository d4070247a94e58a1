import { median } from "../../src/benchmark/statistics.ts";
import type { ResultTable } from "../harness/result.ts";
import { percent } from "../harness/undisturbed.ts";

export interface Figures {
	name: string;
	/** Of each round. */
	tokensPerSecond: number[];
	/** Of each round, the median. */
	singleMs: number[];
	foreignShares: number[];
}

export interface ModelReport {
	model: string;
	conditions: string[];
	tokens: number;
	figures: Figures[];
}

const isRaw = ({ name }: Figures) => name.startsWith("ONNX Runtime");
const isGalley = ({ name }: Figures) => name === "galley";
const isLlama = ({ name }: Figures) => name.startsWith("llama-server");

/** Of two contenders in the same round, since a machine is quicker at one time than at another; then the median of the rounds. */
function ratio(one: Figures, others: readonly Figures[]): number {
	return median(
		one.tokensPerSecond.map((speed, round) => {
			const best = others.map((other) => other.tokensPerSecond[round] ?? 0);
			return speed / Math.max(...best);
		}),
	);
}

/** Milliseconds that one request alone takes more than the quickest of the others. */
function addedMs(one: Figures, others: readonly Figures[]): number {
	return median(
		one.singleMs.map((ms, round) => {
			const quickest = others.map((other) => other.singleMs[round] ?? 0);
			return ms - Math.min(...quickest);
		}),
	);
}

export function tableOf({ model, figures }: ModelReport): ResultTable {
	const raw = figures.filter(isRaw);
	return {
		title: model,
		head: [
			"",
			"tokens/s",
			"of raw",
			"one alone, ms",
			"more than raw, ms",
			"others used",
		],
		rows: figures.map((one) => [
			one.name,
			Math.round(median(one.tokensPerSecond)).toLocaleString("en"),
			`${ratio(one, raw).toFixed(2)}x`,
			median(one.singleMs).toFixed(2),
			isRaw(one) ? "" : addedMs(one, raw).toFixed(2),
			percent(median(one.foreignShares)),
		]),
	};
}

/** What is promised: 0.9 of raw, 1.3 of the better llama-server, 3 ms. */
export function promisesOf({ model, figures }: ModelReport): string[][] {
	const galley = figures.find(isGalley) as Figures;
	const raw = figures.filter(isRaw);
	const llama = figures.filter(isLlama);
	const row = (what: string, is: number, wanted: string, isMet: boolean) => [
		`${model}: ${what}`,
		is.toFixed(2),
		wanted,
		isMet ? "met" : "not met",
	];
	const ofRaw = ratio(galley, raw);
	const added = addedMs(galley, raw);
	const rows = [
		row("throughput, of ONNX Runtime's", ofRaw, "at least 0.9", ofRaw >= 0.9),
		row("one request alone, ms more than raw", added, "at most 3", added <= 3),
	];
	if (llama.length === 0) return rows;
	const ofLlama = ratio(galley, llama);
	const what = "throughput, of llama-server's";
	return [...rows, row(what, ofLlama, "at least 1.3", ofLlama >= 1.3)];
}
