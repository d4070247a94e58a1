import type { GalleyError } from "../../core/errors.ts";
import type { AnswerSink } from "../../proxy/answer-sink.ts";
import type { AnswerObserver, ForwardOutcome } from "../../proxy/forward.ts";
import type { Principal } from "../access/principal.ts";

/** A request for a model, before it is sent anywhere. */
export interface ModelCall {
	/** Also in every log and in `x-request-id`. */
	id: string;
	principal: Principal;
	/** The name that was asked for. */
	model: string;
	/** Without the query: `/v1/chat/completions`. */
	path: string;
	headers: Readonly<Record<string, string | string[] | undefined>>;
	body: Buffer;
	/** `performance.now()`. */
	arrivedAt: number;
}

export interface TokenUsage {
	promptTokens: number;
	/** Of the prompt's, those that were not computed again. */
	cachedTokens: number;
	completionTokens: number;
	/** Counted by the gateway where the answer told nothing: a stream that broke off, a server without usage. */
	isEstimated: boolean;
}

export interface CallTarget {
	kind: "service" | "upstream";
	name: string;
	model: string;
	replica: string | null;
}

/** A call on its way to one place. */
export interface AttemptStart {
	target: CallTarget;
	/** From 1. */
	number: number;
	/** Beside another one that has not answered. */
	isHedge: boolean;
}

export interface AttemptWatch {
	/** Sent with this attempt. */
	headers: Readonly<Record<string, string>>;
	/** Must not throw. */
	end(outcome: ForwardOutcome): void;
}

export interface CallOutcome {
	/** `refused`: by a policy, or nobody took it. `broken`: the answer ended in the middle. `left`: the client did. */
	kind: "answered" | "left" | "broken" | "refused";
	/** What the client was told; 0 when it left before. */
	status: number;
	/** Who answered; the replica is null for an upstream. */
	target: CallTarget | null;
	usage: TokenUsage | null;
	/** From arrival to the first byte of the answer's body; null when there was none. */
	firstByteMs: number | null;
	/** From arrival to the end. */
	ms: number;
	/** How often it was sent to somebody; */
	attempts: number;
	/** and how often of these to a second replica beside the first. */
	hedges: number;
	/** How long it waited for a service that was not ready; null when it did not. */
	coldStartMs: number | null;
}

/** What changes an answer, or only looks at it. */
export interface AnswerFilter extends AnswerSink {
	/** Resolves when the client has been told all; with the error that the answer has become, if any. */
	settled?(): Promise<GalleyError | null>;
}

export interface Admission {
	/** Added to the answer: rate limits, for example. */
	headers?: Readonly<Record<string, string>>;
	/** Another body in the place of the given one. */
	body?: Buffer;
	/** Sent on with the request, and seen by the policies that come after. */
	forwardHeaders?: Readonly<Record<string, string>>;
	/** Something that the answer passes on its way to the client. What comes of a later policy is nearer to the client. */
	answerThrough?(client: AnswerSink): AnswerFilter;
	/** Told of each place that the call is sent to. Of several policies with this the first is told: it is there for spans. */
	attempt?(start: AttemptStart): AttemptWatch;
	/** Called exactly once for each admission, however the call ended; must not throw. */
	settle?(outcome: CallOutcome): void;
}

/** A rule that a call passes before it is sent: limits, usage, hooks, capture. Asked in turn, each with the body so far. */
export interface RequestPolicy {
	/** Throws GalleyError to refuse. */
	admit(call: ModelCall): Promise<Admission> | Admission;
}

/** Counts the tokens of an answer that passes by. */
export interface UsageCounter extends AnswerObserver {
	/** Null when nothing was computed. */
	usage(): TokenUsage | null;
}
