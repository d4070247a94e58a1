import { createHash } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ModelVocabulary } from "../engine/engine.ts";
import type { Precision } from "../engine/llama/precisions.ts";
import { optimizedDirectory } from "../models/measured-profiles.ts";
import {
	describeModel,
	type ModelDescription,
} from "../models/model-description.ts";
import {
	identifyMachine,
	identifyModel,
	machineKey,
} from "../models/model-identity.ts";
import { AccuracyReference } from "./accuracy-reference.ts";
import type { Candidate, CandidateField } from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import type { EvaluationText } from "./evaluation-text.ts";
import { median } from "./figures.ts";
import { Journal } from "./journal.ts";
import { cutPrompts, measureSpeed, type SpeedLoad } from "./measure-speed.ts";
import {
	assertLoadFits,
	baselineOf,
	type MeasuringSetting,
	toLoad,
} from "./measuring-plan.ts";
import { ModelVariants } from "./model-variants.ts";
import {
	buildReport,
	type MeasuredCandidate,
	measuredSoFar,
	type OptimizeReport,
} from "./report.ts";
import { runSearch } from "./run-search.ts";
import { planText, type TextPlan } from "./score-text.ts";
import { Search, type Verdict } from "./search.ts";
import { createSearchSpace, variantsBelow } from "./search-space.ts";
import { storeProfiles } from "./store-profiles.ts";

export interface OptimizeOptions {
	name: string;
	modelPath: string;
	/** The same model in a higher precision: variants are made from it and compared with it. Null takes the model itself. */
	referencePath: string | null;
	setting: MeasuringSetting;
	/** Settings that somebody gave: they stay as they are. */
	pinned: ReadonlySet<CandidateField>;
	/** Precisions to try; null takes the usual ones below the reference's own. */
	precisions: readonly Precision[] | null;
	constraints: Constraints;
	load: Omit<SpeedLoad, "secondsPerLoad">;
	text: EvaluationText;
	/** Windows of the text at most. */
	windows: number;
	minutes: number;
	repeats: number;
	/** Forget what was measured before. */
	isFresh: boolean;
	/** Keep the files of variants that did not win. */
	keepsVariants: boolean;
	dataDirectory: string;
	/** Of the engine's library. */
	release: string;
	openVocabulary(modelPath: string): ModelVocabulary;
	onProgress(progress: OptimizeProgress): void;
	onWarning(message: string): void;
	signal?: AbortSignal;
}

export interface OptimizeProgress {
	activity: "quantizing" | "measuring accuracy" | "measuring speed";
	/** Of the search. */
	stage: string;
	candidate: Candidate | null;
	/** Of the activity, 0 to 1; null where nobody knows. */
	share: number | null;
	secondsLeft: number | null;
	/** Best first. */
	measured: readonly MeasuredCandidate[];
}

export interface OptimizeOutcome {
	report: OptimizeReport;
	winner: Verdict | null;
	/** Where `galley run` finds it; null when nothing won. */
	profilesPath: string | null;
}

/** A time budget is for about so many runs: a third of the time for accuracy, loading and quantizing taken off. */
const runsInBudget = 30;
/** Of all processors: what an idle machine's services take. */
const quietShare = 0.1;

/** Measures the ways a model can run here and stores the best. Ends with the signal's reason; what was measured until then counts next time. */
export async function optimizeModel(
	options: OptimizeOptions,
): Promise<OptimizeOutcome> {
	const { modelPath, setting, dataDirectory, constraints, signal } = options;
	const startedAt = performance.now();
	const measuredAt = new Date().toISOString();
	const referencePath = options.referencePath ?? modelPath;
	const [model, reference, identity] = await Promise.all([
		describeModel(modelPath),
		describeModel(referencePath),
		identifyModel(modelPath),
	]);
	const machine = identifyMachine(
		setting.hardware,
		setting.accelerator?.kind ?? "cpu",
	);
	const directory = optimizedDirectory(dataDirectory, identity);
	const machineDirectory = join(directory, machineKey(machine));
	await mkdir(machineDirectory, { recursive: true });
	const baseline = baselineOf(model, setting);
	const load: SpeedLoad = {
		...options.load,
		secondsPerLoad: secondsPerLoad(options),
	};
	assertLoadFits(load, baseline.profile);
	const text = readText(options, referencePath, model);

	const journal = await Journal.open(
		join(machineDirectory, "journal.jsonl"),
		{
			model: identity.digest,
			machine: machineKey(machine),
			release: options.release,
		},
		options.isFresh,
	);
	const warnings = new Set<string>();
	const warn = (message: string) => {
		if (!warnings.has(message)) options.onWarning(message);
		warnings.add(message);
	};
	let step: Omit<OptimizeProgress, "activity" | "share"> = {
		stage: "",
		candidate: null,
		secondsLeft: null,
		measured: [],
	};
	const report = (
		activity: OptimizeProgress["activity"],
		share: number | null,
	) => options.onProgress({ ...step, activity, share });
	const variants = new ModelVariants({
		modelPath,
		originalPath: referencePath,
		directory: join(directory, "variants"),
		name: options.name.replaceAll(/[^\w.-]+/g, "-"),
		threads: baseline.candidate.threads,
		search: setting.search,
		journal,
		onProgress: (_precision, share) => report("quantizing", share),
		onWarning: warn,
		signal,
	});
	const accuracyReference = new AccuracyReference({
		load: toLoad(baseline.candidate, reference, setting),
		isModelItself: options.referencePath === null,
		text: text.plan,
		textKey: text.key,
		path: join(machineDirectory, `reference-${text.key}.bin`),
		journal,
		onProgress: (share) => report("measuring accuracy", share),
		signal,
	});
	const space = createSearchSpace({
		baseline: baseline.candidate,
		hardware: setting.hardware,
		variants: options.precisions ?? variantsBelow(reference.precision),
		usesGpu: baseline.profile.settings.gpuLayers !== 0,
		concurrencies: load.concurrencies,
		pinned: options.pinned,
	});
	const prompt = cutPrompts(text.plan.tokens, load);

	const { conclusion, isComplete } = await runSearch({
		search: new Search({ space, constraints, repeats: options.repeats }),
		journal,
		budgetSeconds: options.minutes * 60,
		loadKey: loadKey(options),
		textKey: text.key,
		signal,
		effects: {
			now: () => performance.now() / 1000,
			async measureSpeed(candidate) {
				const description = await variants.describe(candidate.variant);
				report("measuring speed", null);
				const plan = toLoad(candidate, description, setting);
				return measureSpeed(plan, load, prompt, signal);
			},
			async measureAccuracy(candidate) {
				const description = await variants.describe(candidate.variant);
				report("measuring accuracy", 0);
				const plan = toLoad(candidate, description, setting);
				return accuracyReference.measure(candidate, plan);
			},
			onStep: ({ stage, candidate, secondsLeft, verdicts }) => {
				const measured = measuredSoFar(verdicts, {
					baseline: baseline.candidate,
					sourcePrecision: model.precision,
				});
				step = { stage, candidate, secondsLeft, measured };
			},
			onRejected: (candidate, reason) =>
				warn(`${candidate.variant} could not be measured: ${reason}`),
		},
	});
	const { winner } = conclusion;
	const disturbance = median(
		conclusion.verdicts.flatMap(({ runs }) =>
			runs.flatMap(({ foreignShare }) => foreignShare ?? []),
		),
	);
	if (disturbance > quietShare)
		warn(
			`Other programs used ${Math.round(100 * disturbance)} % of the processors while this was measured: figures and choice are unreliable. Measure afresh (--fresh) when the machine is idle.`,
		);
	// Results of an earlier run may have won, whose file was removed since.
	if (winner !== null) await variants.describe(winner.candidate.variant);
	const sizes = await sizesOf(
		conclusion.verdicts.map(({ candidate }) => candidate.variant),
		variants,
	);
	if (isComplete && !options.keepsVariants)
		await variants.keepOnly(winner?.candidate.variant ?? null);
	if (isComplete) await rm(accuracyReference.path, { force: true });
	const built = buildReport({
		model: {
			name: options.name,
			path: modelPath,
			precision: model.precision,
			parameters: model.parameters,
			reference: { path: referencePath, precision: reference.precision },
		},
		machine,
		engine: { name: "llama", release: options.release },
		measuredAt,
		load,
		constraints,
		text: {
			source: options.text.source,
			tokens: text.plan.tokens.length,
			windows: text.plan.windows,
			windowTokens: text.plan.windowTokens,
		},
		conclusion,
		baseline: baseline.candidate,
		fileBytesOf: (variant) => sizes.get(variant) ?? null,
		isComplete,
		reusedResults: journal.reused,
		seconds: (performance.now() - startedAt) / 1000,
		warnings: [...warnings],
	});
	const profilesPath =
		winner === null
			? null
			: await storeProfiles(dataDirectory, {
					identity,
					report: built,
					pathOf: (variant) => variants.pathOf(variant),
				});
	return { report: built, winner, profilesPath };
}

function secondsPerLoad({ minutes, load }: OptimizeOptions): number {
	const seconds =
		(minutes * 60 * 0.6) / (runsInBudget * load.concurrencies.length);
	return Math.min(15, Math.max(1, seconds));
}

/** What the journal's runs must have been measured with; how long each took doesn't matter. */
function loadKey({ load, setting }: OptimizeOptions): string {
	const { maxModelLen, maxNumSeqs, maxNumBatchedTokens, targetItlMs } =
		setting.asked;
	return JSON.stringify({
		...load,
		maxModelLen,
		maxNumSeqs,
		maxNumBatchedTokens,
		targetItlMs,
	});
}

function readText(
	options: OptimizeOptions,
	referencePath: string,
	model: ModelDescription,
): { plan: TextPlan; key: string } {
	using vocabulary = options.openVocabulary(referencePath);
	const tokens = vocabulary.tokenize(options.text.text.toWellFormed(), {
		addSpecial: false,
		parseSpecial: false,
	});
	const plan = planText(tokens, {
		contextLength: model.trainedContextLength ?? 512,
		mostWindows: options.windows,
		bos: vocabulary.addsBos ? vocabulary.bos : null,
	});
	const key = createHash("sha256")
		.update(Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength))
		.update(
			JSON.stringify([
				plan.windowTokens,
				plan.windows,
				plan.bos,
				referencePath,
			]),
		)
		.digest("hex")
		.slice(0, 16);
	return { plan, key };
}

async function sizesOf(
	names: readonly string[],
	variants: ModelVariants,
): Promise<Map<string, number>> {
	const sizes = new Map<string, number>();
	for (const name of new Set(names)) {
		const status = await stat(variants.pathOf(name)).catch(() => null);
		if (status !== null) sizes.set(name, status.size);
	}
	return sizes;
}
