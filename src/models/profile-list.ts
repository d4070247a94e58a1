import { GalleyError } from "../core/errors.ts";
import { formatBytes } from "./byte-format.ts";
import type { Hardware } from "./hardware.ts";
import { architectureObstacle } from "./known-architectures.ts";
import type { MeasuredProfile } from "./measured-profiles.ts";
import type { ModelDescription } from "./model-description.ts";
import {
	type Accelerator,
	type AskedSettings,
	type Profile,
	profileId,
	profileName,
	profileOptionValues,
	selectProfile,
} from "./profile.ts";
import { findNearestFit, type NearestFit } from "./profile-fit.ts";
import { compareListed } from "./profile-order.ts";

/** A file that could be run: a precision of a repository, a file of this machine, what `galley optimize` made of one. */
export interface ProfileCandidate {
	description: ModelDescription;
	/** What to fetch or open. */
	source: string;
	/** Only offered with the settings that were measured: a file that `galley optimize` made. */
	isOnlyMeasured?: boolean;
}

/** An engine package that exists for this machine's platform, and what it could do here. */
export interface EngineState {
	accelerator: "cpu" | Accelerator["kind"];
	isInstalled: boolean;
	/** The GPU that it computes on; null when it finds none, and of packages that aren't installed. */
	gpu: Accelerator | null;
	/** Why it can't be used though it is installed. */
	failure: string | null;
	/** A GPU that it would drive is in this machine, as far as the operating system tells. */
	suitsHardware: boolean;
	downloadBytes: number | null;
}

export interface ListedProfile {
	fit: "compatible" | "low-memory" | "incompatible";
	id: string;
	name: string;
	/** With `low-memory`: as it would be with what `reason` advises. Null when there is no way. */
	profile: Profile | null;
	source: string;
	model: ModelDescription;
	device: EngineState["accelerator"];
	/** Why it isn't compatible, and what to do; of compatible ones what speaks against it, or null. */
	reason: string | null;
	/** Its weights alone are more than there is memory for. */
	isTooBig: boolean;
	/** With `low-memory`: flags that make it fit, e.g. `--max-model-len 2048`. */
	advice: string | null;
	/** With `low-memory`: the longest context that fits with the sequences that were asked; null when none does. */
	fittingContextLength: number | null;
	measured: MeasuredProfile | null;
}

export interface ProfileQuestion {
	candidates: readonly ProfileCandidate[];
	hardware: Hardware;
	asked: AskedSettings;
	/** Options that somebody set, by name; a measured setting doesn't replace them. */
	given?: ReadonlySet<string>;
	engines: readonly EngineState[];
	/** Of this model on this machine, the best first; a profile's `variantPath` is the `source` of one of the candidates. */
	measured: readonly MeasuredProfile[];
}

/** Every way to run the candidates here: the compatible first, and of those the best first. Nothing is thrown. */
export function listProfiles(question: ProfileQuestion): ListedProfile[] {
	const listed: ListedProfile[] = [];
	for (const candidate of question.candidates) {
		for (const engine of devicesOf(question)) {
			if (candidate.isOnlyMeasured !== true)
				listed.push(listOne(question, candidate, engine, null));
			const measured = bestMeasured(question, candidate);
			if (measured !== undefined && engine.isInstalled)
				listed.push(listOne(question, candidate, engine, measured));
		}
	}
	return listed.sort(compareListed);
}

/** Of all settings that a file was measured with only the best are a way to run it: the winner's, else the first. */
function bestMeasured(
	{ measured }: ProfileQuestion,
	{ source }: ProfileCandidate,
): MeasuredProfile | undefined {
	const own = measured.filter(({ variantPath }) => variantPath === source);
	return own.find(({ isWinner }) => isWinner) ?? own[0];
}

/** The profile to run: the wanted one, else the best. What runs without further questions is all that is ever chosen. */
export function planProfile(
	question: ProfileQuestion & { wanted: string | null },
): ListedProfile & { profile: Profile } {
	return chooseProfile(listProfiles(question), question.wanted);
}

/**
 *  1. an id, the beginning of one (8 letters at least), or a name     -> that one; refused with the reason when it can't run
 *  2. nothing wanted                                                 -> the first compatible one
 *  3. nothing compatible                                             -> refused with the nearest option
 */
export function chooseProfile(
	listed: readonly ListedProfile[],
	wanted: string | null,
): ListedProfile & { profile: Profile } {
	const pool = wanted === null ? listed : matching(listed, wanted);
	const [best] = pool;
	if (best === undefined)
		throw new GalleyError("model_not_found", "There is no model to run.");
	if (best.fit === "compatible" && best.profile !== null)
		return { ...best, profile: best.profile };
	throw refusal(best, wanted === null ? null : listed);
}

function matching(
	listed: readonly ListedProfile[],
	wanted: string,
): ListedProfile[] {
	const text = wanted.trim().toLowerCase();
	const named = listed.filter(({ name }) => name === text);
	if (named.length > 0) return named;
	const found =
		/^[0-9a-f]{8,64}$/.test(text) &&
		listed.filter(({ id }) => id.startsWith(text));
	if (found !== false && found.length > 0) {
		const ids = new Set(found.map(({ id }) => id));
		if (ids.size === 1) return found;
		throw new GalleyError(
			"invalid_configuration",
			`Several profiles' ids begin with "${wanted}"; give more of it.`,
			{ param: "profile" },
		);
	}
	const names = [...new Set(listed.map(({ name }) => name))];
	throw new GalleyError(
		"invalid_configuration",
		`There is no profile "${wanted}" of this model here. There are: ${names.slice(0, 12).join(", ")}; galley profiles lists them with their ids.`,
		{ param: "profile" },
	);
}

function refusal(
	best: ListedProfile,
	others: readonly ListedProfile[] | null,
): GalleyError {
	const isTooBig = best.fit === "low-memory" || best.isTooBig;
	const code = isTooBig ? "insufficient_memory" : "model_unusable";
	const other = others?.find(({ fit }) => fit === "compatible");
	const instead =
		other === undefined
			? ""
			: ` Or take the profile ${other.name}, which fits.`;
	return new GalleyError(
		code,
		`${best.name}: ${best.reason ?? "it can't run here."}${instead}`,
	);
}

/** The CPU, every GPU that an engine finds, and those that an engine could find if it were installed. */
function devicesOf({ engines, asked }: ProfileQuestion): EngineState[] {
	const cpu: EngineState = {
		accelerator: "cpu",
		isInstalled: engines.some(
			({ isInstalled, failure }) => isInstalled && failure === null,
		),
		gpu: null,
		failure: null,
		suitsHardware: true,
		downloadBytes: null,
	};
	const gpus = engines.filter(
		({ accelerator, gpu, isInstalled, suitsHardware }) =>
			accelerator !== "cpu" &&
			(gpu !== null || (!isInstalled && suitsHardware)),
	);
	// Layers on a GPU leave the CPU out, and no layers leave out the GPUs.
	if (asked.gpuLayers === 0) return [cpu];
	return asked.gpuLayers !== null && gpus.length > 0 ? gpus : [cpu, ...gpus];
}

const onCpuFullPrecision =
	"decoding reads all weights for each token, so on a CPU a quantised file is several times faster";

function listOne(
	question: ProfileQuestion,
	{ description: model, source }: ProfileCandidate,
	engine: EngineState,
	measured: MeasuredProfile | null,
): ListedProfile {
	const { hardware, candidates } = question;
	const device = engine.accelerator;
	const hasAdapters = (question.asked.adapters ?? null) !== null;
	const variant = measured === null ? null : "optimized";
	const listed = {
		id: profileId(model, device, hasAdapters, variant),
		name: profileName(model, device, hasAdapters, variant),
		source,
		model,
		device,
		measured,
		profile: null,
		advice: null,
		fittingContextLength: null,
		isTooBig: false,
	};
	const incompatible = (reason: string, isTooBig = false): ListedProfile => ({
		...listed,
		fit: "incompatible",
		reason: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`,
		isTooBig,
	});
	const obstacle = architectureObstacle(model.architecture);
	if (obstacle !== null) return incompatible(`${obstacle}.`);
	if (!engine.isInstalled) return incompatible(installHint(engine));

	const asked =
		measured === null
			? question.asked
			: withMeasured(question.asked, question.given ?? new Set(), measured);
	const sources = {
		model,
		hardware,
		asked,
		accelerator: engine.gpu,
		variant,
		reason: measured?.why ?? null,
	};
	const isFullPrecision =
		device === "cpu" &&
		/^(f16|bf16|f32)$/i.test(model.precision) &&
		candidates.some(
			({ description }) => !/^(f16|bf16|f32)$/i.test(description.precision),
		);
	try {
		return {
			...listed,
			fit: "compatible",
			profile: selectProfile(sources),
			reason: isFullPrecision ? `Works, but ${onCpuFullPrecision}.` : null,
		};
	} catch (error) {
		if (!(error instanceof GalleyError)) throw error;
		if (error.code !== "insufficient_memory")
			return incompatible(error.message);
		const nearest = findNearestFit(sources);
		return nearest === null
			? incompatible(tooBig(error.message, question, model), true)
			: lowMemory(listed, error.message, nearest);
	}
}

function lowMemory(
	listed: Omit<ListedProfile, "fit" | "reason">,
	message: string,
	nearest: NearestFit,
): ListedProfile {
	const needs = message.replace(
		/ (What fits|Free memory|Ask for fewer)[\s\S]*$/,
		"",
	);
	return {
		...listed,
		fit: "low-memory",
		profile: nearest.profile,
		advice: nearest.options[0] ?? null,
		reason: `${needs} What fits: ${nearest.options.join(", or ")}.`,
		fittingContextLength: nearest.contextLength,
	};
}

function tooBig(
	message: string,
	{ candidates }: ProfileQuestion,
	model: ModelDescription,
): string {
	const smaller = candidates
		.map(({ description }) => description)
		.filter(({ weightBytes }) => weightBytes < model.weightBytes)
		.sort((left, right) => right.weightBytes - left.weightBytes)[0];
	return smaller === undefined
		? message
		: `${message} The next smaller precision here is ${smaller.precision} (${formatBytes(smaller.weightBytes)}).`;
}

function installHint({ accelerator, downloadBytes }: EngineState): string {
	if (accelerator === "cpu")
		return "no engine is installed; run galley engines install cpu.";
	const size =
		downloadBytes === null
			? ""
			: ` (${formatBytes(downloadBytes)} to download)`;
	return `needs the ${accelerator} engine, which isn't installed: galley engines install ${accelerator}${size}.`;
}

/** The profile's values under the options' names. */
export function listedOptionValues({
	profile,
	measured,
}: ListedProfile & { profile: Profile }): ReturnType<
	typeof profileOptionValues
> & { speculation?: "auto" | "off" } {
	const values = profileOptionValues(profile);
	return measured === null
		? values
		: { ...values, speculation: measured.settings.speculation };
}

/** What was measured, where nobody asked for something else. */
function withMeasured(
	asked: AskedSettings,
	given: ReadonlySet<string>,
	{ settings }: MeasuredProfile,
): AskedSettings {
	const open = <Name extends keyof AskedSettings>(
		name: Name,
		value: AskedSettings[Name],
	): AskedSettings[Name] => (given.has(name) ? asked[name] : value);
	return {
		...asked,
		threads: open("threads", settings.threads),
		threadsBatch: open("threadsBatch", settings.threadsBatch),
		flashAttention: open("flashAttention", settings.flashAttention),
		kvCacheTypeK: open("kvCacheTypeK", settings.kvTypeK),
		kvCacheTypeV: open("kvCacheTypeV", settings.kvTypeV),
		kvLayout: open("kvLayout", settings.kvLayout),
		maxNumBatchedTokens: open("maxNumBatchedTokens", settings.microBatchTokens),
	};
}
