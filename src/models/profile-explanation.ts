import { formatBytes, formatParameters } from "./byte-format.ts";
import type { ContextPlan } from "./context-plan.ts";
import type { Hardware } from "./hardware.ts";
import type { ModelDescription } from "./model-description.ts";
import type { MemoryEstimate, ProfileSettings } from "./profile.ts";

interface Facts {
	model: ModelDescription;
	hardware: Hardware;
	settings: ProfileSettings;
	memory: MemoryEstimate;
	plan: ContextPlan;
	device: string;
	name: string;
}

/** One paragraph: what runs, how much at once, what it needs, and what was given up. */
export function explainProfile({
	model,
	hardware,
	settings,
	memory,
	plan,
	device,
	name,
}: Facts): string {
	const trained = model.trainedContextLength;
	const sequences = `${settings.maxSequences} ${settings.maxSequences === 1 ? "sequence" : "sequences"}`;
	const extent =
		trained === settings.contextLength
			? ", all that the model was trained for"
			: "";
	const sentences = [
		`${name}: ${model.name} (${model.architecture}, ${formatParameters(model.parameters)} parameters, ${model.precision}) ` +
			`on ${device === "cpu" ? "the CPU" : device} with ${threadsText(settings, hardware)}.`,
		`${sequences} at a time of up to ${settings.contextLength} tokens${extent}; ` +
			`the KV cache (${settings.kvLayout}, ${kvTypes(settings)}) takes ${formatBytes(memory.kvBytes)}.`,
		`With ${formatBytes(memory.weightBytes)} of weights and ${formatBytes(memory.computeBytes)} of buffers that is about ` +
			`${formatBytes(memory.totalBytes)} of ${formatBytes(memory.availableBytes)} available.`,
	];
	const given = concessionText(plan, trained);
	if (given !== null) sentences.push(given);
	return sentences.join(" ");
}

function threadsText(settings: ProfileSettings, hardware: Hardware): string {
	const { physicalCores, quota } = hardware.cpu;
	const threads = `${settings.threads} ${settings.threads === 1 ? "thread" : "threads"}`;
	const limit =
		quota !== null && quota < physicalCores
			? `; the container may use ${quota}`
			: "";
	return `${threads} (${physicalCores} physical ${physicalCores === 1 ? "core" : "cores"}${limit})`;
}

function kvTypes({ kvTypeK, kvTypeV }: ProfileSettings): string {
	return kvTypeK === kvTypeV ? kvTypeK : `${kvTypeK} keys, ${kvTypeV} values`;
}

function concessionText(
	plan: ContextPlan,
	trained: number | null,
): string | null {
	const rest =
		"a quarter of available memory is what the KV cache takes of its own accord";
	const context = `the context is ${plan.contextLength} instead of ${trained} tokens`;
	const sequences = "there are fewer sequences than the usual 8";
	const ask = "ask for more with --max-model-len or --max-num-seqs.";
	switch (plan.concession) {
		case "context":
			return `Memory is short, so ${context}: ${rest}; ${ask}`;
		case "sequences":
			return `Memory is short, so ${sequences}: ${rest}; ${ask}`;
		case "both":
			return `Memory is short, so ${context} and ${sequences}: ${rest}; ${ask}`;
		default:
			return null;
	}
}
