import type { IncomingMessage } from "node:http";
import { GalleyError } from "../../core/errors.ts";
import type { AnswerSink } from "../../proxy/answer-sink.ts";
import type { NamedModel } from "../../proxy/find-model.ts";
import type { AnswerObserver } from "../../proxy/forward.ts";
import type { Refusal } from "../../proxy/refusal.ts";
import type { Admission, CallOutcome } from "../policy/model-call.ts";

/** A call on its way: what is sent, and who watches the answer. */
export interface Sending {
	request: IncomingMessage;
	response: AnswerSink;
	/** Told with the answer, unless the answer has its own. */
	answerHeaders: Readonly<Record<string, string>>;
	body: Buffer | null;
	/** Null where the path alone says where it goes. */
	named: NamedModel | null;
	observer: AnswerObserver | undefined;
	/** May be computed twice. */
	isRepeatable: boolean;
	/** How often it was sent again though it may have been computed. */
	repeats: number;
	/** How often it was sent to somebody; */
	attempts?: number;
	/** and how often of these to a second replica beside the first. */
	hedges?: number;
	/** Told of each time that it is sent. */
	watch?: Admission["attempt"];
	/** How long it waited for a service that was not ready. */
	coldStartMs?: number;
	/** No other target is tried after this one. */
	isLastTarget: boolean;
	/** The replica that keeps what this request goes on from. */
	homeReplica: string | null;
	/** Who has it, or had it last. */
	target: CallOutcome["target"];
}

/** A refusal of this side: nobody was asked. */
export function unasked(
	reason: string,
	retryAfterSeconds: number | null,
	details?: Readonly<Record<string, unknown>>,
): Refusal {
	return {
		kind: "unanswered",
		cause: "unreachable",
		repeat: "safe",
		status: null,
		reason,
		retryAfterSeconds,
		...(details === undefined ? {} : { details }),
		answer: null,
	};
}

/** What the client is told when no target has answered. The last word counts where it was more than "not now". */
export function refusalError(
	model: string,
	refusals: readonly { target: string; refusal: Refusal }[],
): GalleyError {
	const last = refusals.at(-1);
	const reasons = refusals
		.map(({ target, refusal }) => `${target}: ${refusal.reason}`)
		.join("; ");
	const waits = refusals.flatMap(({ refusal: { retryAfterSeconds } }) =>
		retryAfterSeconds === null ? [] : [retryAfterSeconds],
	);
	const retryAfterSeconds = waits.length === 0 ? 5 : Math.min(...waits);
	switch (last?.refusal.cause) {
		case "silent":
			return new GalleyError(
				"deadline_exceeded",
				`'${model}' was asked and did not answer (${reasons}).`,
			);
		case "unreadable":
			return new GalleyError(
				"upstream_error",
				`The answer for '${model}' can't be passed on (${reasons}). The operator of this gateway has to look at it.`,
			);
		case "reset":
			return new GalleyError(
				"engine_crashed",
				`Whoever had the request for '${model}' ended before it answered (${reasons}). Send it again.`,
				{ retryAfterSeconds },
			);
		default:
			return new GalleyError(
				"engine_unavailable",
				`No service for '${model}' takes requests now (${reasons}). Try again.`,
				{ retryAfterSeconds, details: last?.refusal.details },
			);
	}
}
