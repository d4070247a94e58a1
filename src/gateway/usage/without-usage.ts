import type { AnswerSink } from "../../proxy/answer-sink.ts";
import { EventPieces } from "./event-pieces.ts";
import { withoutUsage } from "./usage-in-bytes.ts";

/** Takes the usage out of a stream whose client didn't ask for it: the client sees what it would have seen. */
export class WithoutUsage implements AnswerSink {
	readonly #client: AnswerSink;
	/** Null when the answer is no stream of events. */
	#pieces: EventPieces | null = null;

	constructor(client: AnswerSink) {
		this.#client = client;
	}

	get req(): AnswerSink["req"] {
		return this.#client.req;
	}

	get statusCode(): number {
		return this.#client.statusCode;
	}

	get headersSent(): boolean {
		return this.#client.headersSent;
	}

	get writableEnded(): boolean {
		return this.#client.writableEnded;
	}

	get writableFinished(): boolean {
		return this.#client.writableFinished;
	}

	get destroyed(): boolean {
		return this.#client.destroyed;
	}

	writeHead(...[status, headers]: Parameters<AnswerSink["writeHead"]>): void {
		const type = String(headers["content-type"] ?? "").toLowerCase();
		const isStream =
			type.startsWith("text/event-stream") &&
			headers["content-encoding"] === undefined;
		if (isStream) {
			this.#pieces = new EventPieces();
			// What is taken out isn't in it.
			delete headers["content-length"];
		}
		this.#client.writeHead(status, headers);
	}

	flushHeaders(): void {
		this.#client.flushHeaders();
	}

	write(piece: Buffer): boolean {
		if (this.#pieces === null) return this.#client.write(piece);
		const events = this.#pieces.add(piece);
		if (events === null) return true;
		const passed = withoutUsage(events);
		return passed.length === 0 || this.#client.write(passed);
	}

	end(piece?: Buffer | string): void {
		const rest = this.#pieces?.rest() ?? null;
		if (rest !== null) this.#client.write(withoutUsage(rest));
		this.#client.end(piece);
	}

	destroy(): void {
		this.#client.destroy();
	}

	once(event: "close" | "drain", listener: () => void): void {
		this.#client.once(event, listener);
	}

	off(event: "close" | "drain", listener: () => void): void {
		this.#client.off(event, listener);
	}
}
