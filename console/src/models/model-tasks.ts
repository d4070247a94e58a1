import type { CatalogEntry } from "../api/catalog-types.ts";
import type { SampleTask } from "../components/sample-code.ts";

const samples: Readonly<Record<string, SampleTask>> = {
	chat: "chat",
	code: "chat",
	"vision-language": "chat",
	completion: "completion",
	embedding: "embedding",
	reranking: "reranking",
	"speech-recognition": "transcription",
	"speech-synthesis": "speech",
};

/** How a model is asked; null for tasks that have no route in OpenAI's manner. */
export function sampleTaskOf({ tasks }: CatalogEntry): SampleTask | null {
	for (const task of tasks) {
		const sample = samples[task];
		if (sample !== undefined) return sample;
	}
	return null;
}

const playable = new Set<SampleTask>([
	"chat",
	"completion",
	"embedding",
	"reranking",
]);

export function isPlayable(task: SampleTask | null): boolean {
	return task !== null && playable.has(task);
}
