import { formatBytes, formatParameters } from "./byte-format.ts";
import type { ContextPlan } from "./context-plan.ts";
import type { Hardware } from "./hardware.ts";
import type { ModelDescription } from "./model-description.ts";
import type {
	AskedSettings,
	MemoryEstimate,
	ProfileSettings,
} from "./profile.ts";

interface Facts {
	model: ModelDescription;
	hardware: Hardware;
	settings: ProfileSettings;
	memory: MemoryEstimate;
	plan: ContextPlan;
	device: string;
	name: string;
	asked: AskedSettings;
	reason: string | null;
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
	asked,
	reason,
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
		`With ${formatBytes(memory.weightBytes)} of weights, ${adaptersText(memory)}${formatBytes(memory.computeBytes)} of buffers and ` +
			`${formatBytes(memory.processBytes)} for the processes that is about ${formatBytes(memory.totalBytes)} of ${formatBytes(memory.availableBytes)} available.`,
	];
	const given = concessionText(plan, trained);
	if (given !== null) sentences.push(given);
	sentences.push(...choiceTexts(settings, asked, device));
	if (reason !== null) sentences.push(reason);
	return sentences.join(" ");
}

function adaptersText({ adapterBytes }: MemoryEstimate): string {
	return adapterBytes === 0 ? "" : `${formatBytes(adapterBytes)} of adapters, `;
}

/** Why the layout and flash attention are what they are, where nobody asked for them and it is not the usual. */
function choiceTexts(
	settings: ProfileSettings,
	asked: AskedSettings,
	device: string,
): string[] {
	const texts: string[] = [];
	if (settings.kvLayout === "auto")
		texts.push(
			"The cache's layout follows the load: a part for each sequence, or one pool where prompts share much.",
		);
	if (asked.flashAttention === "auto" && settings.flashAttention === "off")
		texts.push(
			`Flash attention is off and each sequence has a part of the cache, because ${asked.targetItlMs} ms between tokens are asked: ` +
				"on a CPU the short pieces of prompts that this takes are quicker without.",
		);
	if (device !== "cpu" && settings.gpuLayers > 0)
		texts.push(
			`${settings.gpuLayers} layers are computed on the GPU, the others on the CPU.`,
		);
	return texts;
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
