import type { IncomingMessage } from "node:http";
import type { Dispatcher } from "undici";
import { AnswerBody } from "./answer-body.ts";
import type { AnswerSink } from "./answer-sink.ts";
import {
	type AnsweredHeaders,
	isRefusalStatus,
	type Refusal,
} from "./refusal.ts";

/** Sees an answer pass by; what it is handed is not to be kept or changed. */
export interface AnswerObserver {
	head(status: number, headers: AnsweredHeaders): void;
	data(piece: Buffer): void;
	/** The answer is whole; with the headers that came behind it, if any. */
	end(trailers: AnsweredHeaders): void;
}

/** One request on its way to one place. */
export interface Forwarded {
	request: IncomingMessage;
	response: AnswerSink;
	/** Told with the answer, unless the answer has its own. */
	answerHeaders?: Readonly<Record<string, string>>;
	body: Buffer | null;
	dispatcher: Dispatcher;
	origin: string;
	/** Path and query there. */
	path: string;
	/** Set beside or instead of the client's, such as the upstream's own key; empty takes the client's away. */
	headers: Readonly<Record<string, string>>;
	/** Until the head of an answer is there, and between two pieces of it; 0 waits for ever. */
	timeoutMs: number;
	/** Statuses with which a place says that it takes nothing; 429, 502 and 503 unless told otherwise. */
	refuses?: ((status: number) => boolean) | undefined;
	/** Hears of an answer only when it goes to the client. */
	observer?: AnswerObserver | undefined;
	/** Several attempts for one client: asked when there is something for it, false means that another one was first. */
	claim?: (() => boolean) | undefined;
	/** Handed a function that gives the attempt up. */
	onStart?: ((abandon: () => void) => void) | undefined;
}

export type ForwardOutcome =
	| { kind: "answered"; status: number }
	/** The client has heard nothing: another place may be tried where that is safe. */
	| Refusal
	/** The client left. */
	| { kind: "left" }
	/** Another attempt had the client. */
	| { kind: "lost" }
	/** The answer broke off, and the client has been told, by an event or by the end of its connection. */
	| { kind: "broken"; reason: string };

/** Belong to one connection (RFC 9110, 7.6.1), or are set anew for the next one. Answers are read here: uncompressed. */
const ownToConnection = new Set([
	"connection",
	"keep-alive",
	"proxy-connection",
	"proxy-authenticate",
	"proxy-authorization",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	"host",
	"content-length",
	"expect",
	"accept-encoding",
]);

/** A client that takes nothing for so long has gone, whatever its connection says. */
const slowClientMs = 60_000;

/**
 * Sends a request on and its answer back. Streams are passed on piece by piece as they come; an answer that is one JSON object
 * is passed on when it is whole, so that one that breaks off can still become an error that says so. When the client leaves
 * the other side hears of it; when the client reads slowly the other side is made to wait.
 */
export function forward(forwarded: Forwarded): Promise<ForwardOutcome> {
	return new Promise((resolve) => {
		const { request, body, dispatcher, origin, path, timeoutMs } = forwarded;
		dispatcher.dispatch(
			{
				origin,
				path,
				method: (request.method ?? "GET") as Dispatcher.HttpMethod,
				headers: passedHeaders(request, forwarded.headers),
				body,
				headersTimeout: timeoutMs,
				bodyTimeout: timeoutMs,
			},
			new Passage(forwarded, resolve),
		);
	});
}

/** One attempt: what undici tells of it, until it has ended in one way. */
class Passage implements Dispatcher.DispatchHandler {
	readonly #forwarded: Forwarded;
	readonly #resolve: (outcome: ForwardOutcome) => void;
	readonly #leave = () => this.#abort({ kind: "left" });
	#controller: Dispatcher.DispatchController | null = null;
	/** Why it was given up by this side. */
	#given: ForwardOutcome | null = null;
	#answer: AnswerBody | null = null;
	/** Runs while the client has to catch up. */
	#slowTimer: NodeJS.Timeout | null = null;

	constructor(
		forwarded: Forwarded,
		resolve: (outcome: ForwardOutcome) => void,
	) {
		this.#forwarded = forwarded;
		this.#resolve = resolve;
		forwarded.response.once("close", this.#leave);
		forwarded.onStart?.(() => this.#abort({ kind: "lost" }));
		if (forwarded.response.destroyed) this.#given = { kind: "left" };
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.#controller = controller;
		if (this.#given !== null) controller.abort(new Error("It was given up."));
	}

	onResponseStart(
		_: Dispatcher.DispatchController,
		status: number,
		headers: AnsweredHeaders,
	): void {
		if (status < 200) return;
		const { response, observer, claim, request, refuses, answerHeaders } =
			this.#forwarded;
		const isRefusal = (refuses ?? isRefusalStatus)(status);
		this.#answer = new AnswerBody(
			{
				status,
				headers,
				kept: keptHeaders(headers, isRefusal ? undefined : answerHeaders),
				isRefusal,
			},
			{ response, observer, claim, path: request.url ?? "" },
		);
		this.#look();
	}

	onResponseData(controller: Dispatcher.DispatchController, piece: Buffer) {
		if (this.#answer === null || this.#given !== null) return;
		const takesMore = this.#answer.add(piece);
		this.#look();
		if (takesMore) return;
		if (this.#slowTimer !== null) return;
		const { response } = this.#forwarded;
		controller.pause();
		this.#slowTimer = setTimeout(() => response.destroy(), slowClientMs);
		response.once("drain", () => {
			this.#endSlowTimer();
			controller.resume();
		});
	}

	onResponseEnd(
		_: Dispatcher.DispatchController,
		trailers: AnsweredHeaders,
	): void {
		this.#end(this.#given ?? this.#answer?.end(trailers) ?? { kind: "lost" });
	}

	onResponseError(_: unknown, error: Error): void {
		this.#end(
			this.#given ??
				this.#answer?.fail(error) ??
				refusalOf(error, this.#controller !== null, this.#forwarded),
		);
	}

	/** Whether the answer is of no use, or of no use any more. */
	#look(): void {
		const verdict = this.#answer?.verdict;
		if (verdict !== undefined && verdict !== null) this.#abort(verdict);
	}

	#abort(outcome: ForwardOutcome): void {
		if (this.#given !== null) return;
		if (outcome.kind === "left" && this.#forwarded.response.writableFinished)
			return;
		this.#given = outcome;
		this.#controller?.abort(new Error("It was given up."));
	}

	#endSlowTimer(): void {
		if (this.#slowTimer !== null) clearTimeout(this.#slowTimer);
		this.#slowTimer = null;
	}

	#end(outcome: ForwardOutcome): void {
		this.#endSlowTimer();
		this.#forwarded.response.off("close", this.#leave);
		this.#resolve(outcome);
	}
}

/** No answer has begun. */
function refusalOf(
	error: Error,
	hasStarted: boolean,
	{ timeoutMs }: Forwarded,
): Refusal {
	const base = {
		kind: "unanswered",
		status: null,
		retryAfterSeconds: null,
		answer: null,
	} as const;
	if (!hasStarted)
		return {
			...base,
			cause: "unreachable",
			repeat: "safe",
			reason: `it could not be reached (${describe(error)})`,
		};
	if ("code" in error && error.code === "UND_ERR_HEADERS_TIMEOUT")
		return {
			...base,
			cause: "silent",
			repeat: "never",
			reason: `it did not begin to answer within ${timeoutMs / 1000} s`,
		};
	return {
		...base,
		cause: "reset",
		repeat: "once",
		reason: `it ended the connection without an answer (${describe(error)})`,
	};
}

/** Of several addresses that were tried, an aggregate has no message of its own. */
function describe(error: Error): string {
	const { code } = error as NodeJS.ErrnoException;
	return error.message === "" ? (code ?? "no answer") : error.message;
}

/** Names and values in turn. */
function passedHeaders(
	{ headers }: IncomingMessage,
	own: Forwarded["headers"],
): string[] {
	const passed: string[] = [];
	const { connection } = headers;
	const named =
		connection === undefined || connection === "keep-alive"
			? null
			: connection.toLowerCase().split(/\s*,\s*/);
	for (const name in headers) {
		const value = headers[name];
		if (value === undefined || ownToConnection.has(name) || name in own)
			continue;
		if (named?.includes(name) === true) continue;
		passed.push(name, typeof value === "string" ? value : value.join(", "));
	}
	for (const name in own) {
		const value = own[name];
		if (value !== undefined && value !== "") passed.push(name, value);
	}
	return passed;
}

function keptHeaders(
	headers: AnsweredHeaders,
	beside: Forwarded["answerHeaders"],
): Record<string, string | string[]> {
	const kept: Record<string, string | string[]> = {};
	for (const name in beside) {
		const value = beside[name];
		if (value !== undefined) kept[name] = value;
	}
	for (const name in headers) {
		const value = headers[name];
		// The length of an answer that is passed on whole stays true.
		if (name !== "content-length" && ownToConnection.has(name)) continue;
		if (value !== undefined) kept[name] = value;
	}
	return kept;
}
