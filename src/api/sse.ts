import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { toErrorBody } from "../core/error-body.ts";
import { GalleyError } from "../core/errors.ts";
import type { Pulse } from "./keep-alive.ts";

/** What stands around the JSON of an event; the hot path builds whole frames with them. */
export const eventStart = "data: ";
export const eventEnd = "\n\n";

export interface EventStreamOptions {
	/** Bytes that may wait for the client. */
	maxBufferedBytes: number;
	slowClientTimeoutMs: number;
	/** The client reads too slowly and has been told so; nothing more will be written. */
	onOverflow: (error: GalleyError) => void;
	/** Hears of every write. */
	pulse: Pulse;
	/** What says nothing but that the stream is alive; a comment unless given. */
	keepAliveFrame?: string | undefined;
	/** An error as frames; OpenAI's error body unless given. */
	toErrorFrames?: ((error: GalleyError) => string) | undefined;
}

/**
 * A response as a stream of server-sent events: the only writer of their bytes. It is opened when there is something to
 * say, because from then on the status is 200; after a long silence, something to say is that the request still waits.
 *
 * Every frame is one `write`, a single string with the chunk's size already around it. Node's own chunked encoding hands
 * the socket four pieces instead, which costs a fifth more CPU per event; frames of one tick still leave together, since
 * Node corks the socket until the tick's end.
 */
export class EventStream {
	readonly #response: ServerResponse;
	readonly #options: EventStreamOptions;
	readonly #framesChunks: boolean;
	#hasEnded = false;

	constructor(reply: FastifyReply, options: EventStreamOptions) {
		const response = reply.raw;
		reply.hijack();
		response.writeHead(200, {
			...(reply.getHeaders() as Record<string, string>),
			"content-type": "text/event-stream; charset=utf-8",
			"cache-control": "no-cache",
			"x-accel-buffering": "no",
		});
		response.flushHeaders();
		// HTTP/1.0 has no chunks, and requests without a socket (tests) must see plain text.
		this.#framesChunks =
			response.chunkedEncoding && response.socket instanceof Socket;
		if (this.#framesChunks) response.chunkedEncoding = false;
		this.#response = response;
		this.#options = options;
	}

	/** Writes `eventStart` + JSON + `eventEnd`, given as one string, or several of them. */
	write(frames: string): void {
		if (this.#hasEnded) return;
		this.#options.pulse.hasSpoken = true;
		this.#put(frames);
		if (this.#response.writableLength > this.#options.maxBufferedBytes)
			this.#overflow();
	}

	/** For proxies, who cut connections that are silent. Where bytes wait for the client already, they say it. */
	beat(): void {
		if (this.#hasEnded || this.#response.writableLength > 0) return;
		this.#put(this.#options.keepAliveFrame ?? `: keep-alive${eventEnd}`);
	}

	/** Ends as OpenAI's streams do. */
	done(): void {
		if (this.#hasEnded) return;
		this.#put(`${eventStart}[DONE]${eventEnd}`);
		this.#end();
	}

	fail(error: GalleyError): void {
		if (this.#hasEnded) return;
		const { toErrorFrames } = this.#options;
		this.#put(
			toErrorFrames === undefined
				? eventStart + JSON.stringify(toErrorBody(error)) + eventEnd
				: toErrorFrames(error),
		);
		this.#end();
	}

	/** Ends without a mark, where the last event says that it is the last. */
	end(): void {
		if (!this.#hasEnded) this.#end();
	}

	/** When what was written has left, or never will: for whoever has much to write at once. */
	async drained(): Promise<void> {
		const response = this.#response;
		if (response.destroyed || !response.writableNeedDrain) return;
		await new Promise<void>((resolve) => {
			const settle = () => {
				response.off("drain", settle);
				response.off("close", settle);
				resolve();
			};
			response.on("drain", settle);
			response.on("close", settle);
		});
	}

	#put(text: string): void {
		if (this.#response.destroyed) return;
		this.#response.write(
			this.#framesChunks
				? `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
				: text,
		);
	}

	#end(): void {
		this.#hasEnded = true;
		if (this.#framesChunks) this.#response.end("0\r\n\r\n");
		else this.#response.end();
	}

	#overflow(): void {
		const { maxBufferedBytes, slowClientTimeoutMs, onOverflow } = this.#options;
		const error = new GalleyError(
			"client_closed",
			`The stream was ended because more than ${maxBufferedBytes} bytes of it waited to be read. Read it faster.`,
		);
		const { socket } = this.#response;
		this.fail(error);
		socket?.setTimeout(slowClientTimeoutMs, () => socket.destroy());
		onOverflow(error);
	}
}
