import type { ServerResponse } from "node:http";
import type { AnswerObserver } from "../proxy/forward.ts";
import type {
	Admission,
	CallOutcome,
	ModelCall,
	RequestPolicy,
	UsageCounter,
} from "./model-call.ts";

/** What policies admitted has to be settled once, however the call ends: this keeps the account of one call. */
export class Settlement implements AnswerObserver {
	readonly #call: ModelCall;
	readonly #counter: UsageCounter | undefined;
	readonly #admissions: Admission[] = [];
	#firstByteMs: number | null = null;
	#isSettled = false;
	/** Who has the call, or had it last. */
	target: CallOutcome["target"] = null;

	constructor(call: ModelCall, counter: UsageCounter | undefined) {
		this.#call = call;
		this.#counter = counter;
	}

	/** Asks the policies in turn; resolves the body to send. */
	async admit(
		policies: readonly RequestPolicy[],
		response: ServerResponse,
	): Promise<Buffer> {
		let call = this.#call;
		for (const policy of policies) {
			const admission = await policy.admit(call);
			this.#admissions.push(admission);
			for (const [name, value] of Object.entries(admission.headers ?? {}))
				response.setHeader(name, value);
			if (admission.body !== undefined)
				call = { ...call, body: admission.body };
		}
		return call.body;
	}

	head: AnswerObserver["head"] = (status, headers) =>
		this.#counter?.head(status, headers);

	data: AnswerObserver["data"] = (piece) => {
		this.#firstByteMs ??= performance.now() - this.#call.arrivedAt;
		this.#counter?.data(piece);
	};

	end: AnswerObserver["end"] = (trailers) => this.#counter?.end(trailers);

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
		};
		for (const { settle } of this.#admissions.reverse()) settle?.(outcome);
	}
}
