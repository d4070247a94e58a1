import type { ForwardOutcome } from "../../proxy/forward.ts";
import type { Refusal } from "../../proxy/refusal.ts";

/** What may be computed twice without harm: the same input gives the same vectors, and nothing is kept. */
const repeatable = new Set([
	"/v1/embeddings",
	"/v1/ranking",
	"/v1/rerank",
	"/v2/rerank",
	"/tokenize",
	"/detokenize",
	"/v1/messages/count_tokens",
	"/v1/responses/input_tokens",
]);

export function isRepeatable(path: string): boolean {
	return repeatable.has(path);
}

/** Whether a request that one place gave no answer to may be sent to another. Pure. */
export function mayTryElsewhere(
	{ repeat }: Pick<Refusal, "repeat">,
	request: {
		isRepeatable: boolean;
		/** How often it has been sent again though it may have been computed. */
		repeats: number;
	},
): boolean {
	switch (repeat) {
		case "safe":
			return true;
		// Not more than once: it may be what ends whoever gets it.
		case "once":
			return request.isRepeatable || request.repeats === 0;
		case "never":
			return request.isRepeatable;
	}
}

/** What an outcome tells of the place that it came from. Pure. */
export function healthSign(
	outcome: ForwardOutcome,
	kind: "service" | "upstream",
): "good" | "bad" | "none" {
	switch (outcome.kind) {
		case "answered":
			// An error of one's own service is about the request, or is seen by those who watch the service.
			if (outcome.status < 500) return "good";
			return kind === "upstream" ? "bad" : "none";
		case "broken":
			return "bad";
		case "left":
		case "lost":
			return "none";
		case "unanswered": {
			const { cause, status } = outcome;
			if (cause !== "refused") return "bad";
			if (status === 429 || status === 401) return "none";
			// A service that says so is seen as unready by its next probe; an upstream has no other way to say it.
			return kind === "upstream" ? "bad" : "none";
		}
	}
}
