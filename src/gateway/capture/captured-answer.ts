import type { AnswerSink } from "../../proxy/answer-sink.ts";

type Headers = Parameters<AnswerSink["writeHead"]>[1];

/** The client's response, and a copy of what it was told, up to a limit. */
export class CapturedAnswer implements AnswerSink {
	readonly #client: AnswerSink;
	readonly #maxBytes: number;
	readonly #pieces: Buffer[] = [];
	#kept = 0;
	#bytes = 0;
	#contentType = "";

	constructor(client: AnswerSink, maxBytes: number) {
		this.#client = client;
		this.#maxBytes = maxBytes;
	}

	get contentType(): string {
		return this.#contentType;
	}

	/** All that was said. */
	get bytes(): number {
		return this.#bytes;
	}

	/** The beginning of it. */
	get content(): Buffer {
		return Buffer.concat(this.#pieces);
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

	writeHead(status: number, headers: Headers): void {
		this.#contentType = String(headers["content-type"] ?? "");
		this.#client.writeHead(status, headers);
	}

	flushHeaders(): void {
		this.#client.flushHeaders();
	}

	write(piece: Buffer): boolean {
		this.#keep(piece);
		return this.#client.write(piece);
	}

	end(piece?: Buffer | string): void {
		if (piece !== undefined) this.#keep(Buffer.from(piece));
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

	#keep(piece: Buffer): void {
		this.#bytes += piece.length;
		const room = this.#maxBytes - this.#kept;
		if (room <= 0) return;
		const part = piece.subarray(0, room);
		this.#kept += part.length;
		this.#pieces.push(part);
	}
}
