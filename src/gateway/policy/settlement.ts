import type { GalleyError } from "../../core/errors.ts";
import type { AnswerSink } from "../../proxy/answer-sink.ts";
import type { AnswerObserver } from "../../proxy/forward.ts";
import type { Sending } from "../sending/sending.ts";
import type {
	Admission,
	AnswerFilter,
	CallOutcome,
	ModelCall,
	RequestPolicy,
	UsageCounter,
} from "./model-call.ts";
import { PolicyRefusal } from "./policy-refusal.ts";

/** What policies admitted has to be settled once, however the call ends: this keeps the account of one call. */
export class Settlement implements AnswerObserver {
	readonly #call: ModelCall;
	readonly #counter: UsageCounter | undefined;
	readonly #admissions: Admission[] = [];
	readonly #filters: AnswerFilter[] = [];
	/** Sent on with the request. */
	readonly forwardHeaders: Record<string, string> = {};
	#firstByteMs: number | null = null;
	#isSettled = false;
	/** Who has the call, or had it last. */
	target: CallOutcome["target"] = null;
	/** What was sent, or is: how often, and how long it waited before. */
	sending: Pick<Sending, "attempts" | "hedges" | "coldStartMs"> = {};

	constructor(call: ModelCall, counter: UsageCounter | undefined) {
		this.#call = call;
		this.#counter = counter;
	}

	/** Asks the policies in turn; resolves the body to send. What they tell the client is added to the headers of its answer. */
	async admit(
		policies: readonly RequestPolicy[],
		answerHeaders: Record<string, string>,
	): Promise<Buffer> {
		let call = this.#call;
		for (const policy of policies) {
			let admission: Admission;
			try {
				const given = policy.admit(call);
				// Most say it at once; to wait for them all the same would be a turn of the event loop's queue for each.
				admission = given instanceof Promise ? await given : given;
			} catch (error) {
				// A refusal may tell more than its words: how long a limit lasts.
				if (error instanceof PolicyRefusal)
					Object.assign(answerHeaders, error.headers);
				throw error;
			}
			this.#admissions.push(admission);
			if (admission.headers !== undefined)
				Object.assign(answerHeaders, admission.headers);
			if (admission.body !== undefined)
				call = { ...call, body: admission.body };
			if (admission.forwardHeaders === undefined) continue;
			Object.assign(this.forwardHeaders, admission.forwardHeaders);
			call = {
				...call,
				headers: { ...call.headers, ...admission.forwardHeaders },
			};
		}
		return call.body;
	}

	/** Who wants to be told of each attempt. */
	get watch(): Admission["attempt"] {
		return this.#admissions.find(({ attempt }) => attempt !== undefined)
			?.attempt;
	}

	/** Where the answer is to be written. */
	answerThrough(client: AnswerSink): AnswerSink {
		let sink = client;
		for (let at = this.#admissions.length - 1; at >= 0; at--) {
			const { answerThrough } = this.#admissions[at] as Admission;
			if (answerThrough === undefined) continue;
			const filter = answerThrough(sink);
			this.#filters.unshift(filter);
			sink = filter;
		}
		return sink;
	}

	/** Resolves when the client has been told all; with the error that the answer has become on its way, if any. */
	async answered(): Promise<GalleyError | null> {
		let error: GalleyError | null = null;
		for (const filter of this.#filters)
			error = (await filter.settled?.()) ?? error;
		return error;
	}

	head(...[status, headers]: Parameters<AnswerObserver["head"]>): void {
		this.#counter?.head(status, headers);
	}

	data(piece: Buffer): void {
		this.#firstByteMs ??= performance.now() - this.#call.arrivedAt;
		this.#counter?.data(piece);
	}

	end(...[trailers]: Parameters<AnswerObserver["end"]>): void {
		this.#counter?.end(trailers);
	}

	settle(kind: CallOutcome["kind"], status: number): void {
		if (this.#isSettled) return;
		this.#isSettled = true;
		const outcome: CallOutcome = {
			kind,
			status: kind === "left" && this.#firstByteMs === null ? 0 : status,
			target: this.target,
			usage: this.#counter?.usage() ?? null,
			firstByteMs: this.#firstByteMs,
			ms: performance.now() - this.#call.arrivedAt,
			attempts: this.sending.attempts ?? 0,
			hedges: this.sending.hedges ?? 0,
			coldStartMs: this.sending.coldStartMs ?? null,
		};
		for (const { settle } of this.#admissions.reverse()) settle?.(outcome);
	}
}
