import { GalleyError } from "../core/errors.ts";
import type { AnswerSink } from "./answer-sink.ts";
import type { AnswerObserver, ForwardOutcome } from "./forward.ts";
import {
	type AnsweredHeaders,
	messageOf,
	type Refusal,
	retryAfterOf,
} from "./refusal.ts";
import { endsWhole, streamErrorFrame } from "./stream-end.ts";

interface Head {
	status: number;
	headers: AnsweredHeaders;
	/** It takes nothing now. */
	isRefusal: boolean;
	/** Those for the client. */
	kept: Record<string, string | string[]>;
}

interface Client {
	response: AnswerSink;
	observer: AnswerObserver | undefined;
	claim: (() => boolean) | undefined;
	/** That was asked. */
	path: string;
}

/** A JSON answer is held back up to this size, */
const heldBytes = 256 * 1024;
/** and for so long after its head: some servers send spaces while they compute, so that proxies keep the connection. */
const heldMs = 1000;
/** Of a refusal, so much is read. */
const refusalBytes = 64 * 1024;

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * What becomes of an answer's bytes:
 *
 *     refuse   429, 502, 503 and the like: read and kept, another place may do better
 *     hold     JSON: kept until it is whole, then passed on at once
 *     pass     all else, and JSON that is long or slow: passed on as it comes
 */
export class AnswerBody {
	readonly #head: Head;
	readonly #client: Client;
	readonly #at = performance.now();
	#way: "refuse" | "hold" | "pass";
	#held: Buffer[] = [];
	#bytes = 0;
	/** The piece before, by whose end a stream is judged. */
	#last: Buffer | null = null;
	#isStream = false;
	/** Set when nothing more needs to be read. */
	verdict: Refusal | { kind: "lost" } | null = null;

	constructor(head: Head, client: Client) {
		this.#head = head;
		this.#client = client;
		const type = head.headers["content-type"];
		const mediaType = typeof type === "string" ? type.toLowerCase() : "";
		if (head.isRefusal) {
			this.#way = "refuse";
			return;
		}
		this.#way = "hold";
		if (mediaType.startsWith("text/html")) {
			this.verdict = this.#page();
			return;
		}
		if (!(client.claim?.() ?? true)) {
			this.verdict = { kind: "lost" };
			return;
		}
		client.observer?.head(head.status, head.headers);
		this.#isStream = mediaType.startsWith("text/event-stream");
		const isJson = /^application\/(?:[\w.-]+\+)?json/.test(mediaType);
		const isEncoded = head.headers["content-encoding"] !== undefined;
		if (!isJson || isEncoded) this.#begin();
	}

	/** False when the client has to catch up first. */
	add(piece: Buffer): boolean {
		if (this.#way === "pass") {
			this.#client.observer?.data(piece);
			this.#last = piece;
			return this.#client.response.write(piece);
		}
		this.#bytes += piece.length;
		if (this.#way === "refuse") {
			if (this.#bytes <= refusalBytes) this.#held.push(piece);
			return true;
		}
		this.#client.observer?.data(piece);
		this.#held.push(piece);
		const isSlow = performance.now() - this.#at > heldMs;
		if (this.#bytes <= heldBytes && !isSlow) return true;
		const held = this.#held;
		this.#begin();
		return this.#client.response.write(Buffer.concat(held));
	}

	end(trailers: AnsweredHeaders): ForwardOutcome {
		const { response, observer } = this.#client;
		const { status, kept } = this.#head;
		if (this.#way === "refuse") return this.#refusal();
		if (this.#way === "hold") {
			const body = this.#whole();
			if (response.req.method !== "HEAD" && status !== 204 && !isJson(body))
				return this.#unreadable("it answered with something that is no JSON");
			observer?.end(trailers);
			kept["content-length"] = String(body.length);
			response.writeHead(status, kept);
			response.end(body);
			return { kind: "answered", status };
		}
		observer?.end(trailers);
		response.end();
		return { kind: "answered", status };
	}

	/** The connection ended in the middle. */
	fail(error: Error): ForwardOutcome {
		const { response, observer, path } = this.#client;
		if (this.#way === "refuse") return this.#refusal();
		if (this.#way === "hold")
			return this.#unreadable(`its answer broke off (${error.message})`);
		const last = this.#last;
		if (this.#isStream && last !== null && endsWhole(last)) {
			observer?.end({});
			response.end();
			return { kind: "answered", status: this.#head.status };
		}
		const reason = `the answer broke off (${error.message})`;
		const isBetweenEvents = last === null || last.subarray(-2).equals(blank);
		if (this.#isStream && isBetweenEvents)
			response.end(
				streamErrorFrame(
					path,
					new GalleyError(
						"engine_crashed",
						"The model's server ended in the middle of this answer. Send the request again.",
					),
				),
			);
		// In the middle of an event, or of bytes: only the connection's end can say it.
		else response.destroy();
		return { kind: "broken", reason };
	}

	#begin(): void {
		const { response } = this.#client;
		this.#way = "pass";
		this.#held = [];
		response.writeHead(this.#head.status, this.#head.kept);
		// The first token may be far away; who waits wants to know that it is on its way. If it isn't, both leave together.
		process.nextTick(() => {
			if (this.#last === null && !response.writableEnded)
				response.flushHeaders();
		});
	}

	#whole(): Buffer {
		const [only] = this.#held;
		return this.#held.length === 1 && only !== undefined
			? only
			: Buffer.concat(this.#held, this.#bytes);
	}

	#refusal(): Refusal {
		const { status, headers, kept } = this.#head;
		const isComplete = this.#bytes <= refusalBytes;
		const body = isComplete ? Buffer.concat(this.#held) : Buffer.alloc(0);
		const said = messageOf(body);
		delete kept["content-length"];
		return {
			kind: "unanswered",
			cause: "refused",
			repeat: "safe",
			status,
			reason: `it answered ${status}${said === null ? "" : `: ${said}`}`,
			retryAfterSeconds: retryAfterOf(headers, Date.now()),
			answer:
				status === 429 && said !== null
					? { status, headers: kept, body }
					: null,
		};
	}

	#page(): Refusal {
		const { status } = this.#head;
		return {
			...this.#unreadable(
				`it answered ${status} with a web page instead of JSON; is its address that of an API?`,
			),
			// An error page may stand for an answer that took too long; others come from whoever never asked a model.
			repeat: status >= 500 ? "never" : "safe",
		};
	}

	#unreadable(reason: string): Refusal {
		return {
			kind: "unanswered",
			cause: "unreadable",
			repeat: "never",
			status: this.#head.status,
			reason,
			retryAfterSeconds: null,
			answer: null,
		};
	}
}

const blank = Buffer.from("\n\n");

/** By its two ends: a cut one has no second. */
function isJson(body: Buffer): boolean {
	let start = 0;
	let end = body.length - 1;
	while (isSpace(body[start])) start++;
	while (end > start && isSpace(body[end])) end--;
	const first = body[start];
	const last = body[end];
	return (
		end > start &&
		((first === openBrace && last === closeBrace) ||
			(first === openBracket && last === closeBracket))
	);
}

function isSpace(byte: number | undefined): boolean {
	return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
