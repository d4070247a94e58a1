import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { toErrorBody } from "../core/error-body.ts";
import { GalleyError } from "../core/errors.ts";

/**
 * Knows what each connection is doing, and lets a server close as soon as its last answer is written. Node alone would
 * wait for connections that were opened in advance and never used (it takes them for busy until their header timeout),
 * and for those that became idle after closing began (until their keep-alive timeout).
 */
export class Connections {
	readonly #server: Server;
	/** The latest answer on each one; null before the first request. */
	readonly #responses = new Map<Socket, ServerResponse | null>();
	#isClosing = false;

	constructor(server: Server) {
		this.#server = server;
		const isTls = "setSecureContext" in server;
		server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => {
			this.#responses.set(socket, null);
			socket.once("close", () => this.#responses.delete(socket));
		});
		const afterAnswer = () => this.#afterAnswer();
		server.on("request", ({ socket }, response) => {
			this.#responses.set(socket, response);
			response.once("close", afterAnswer);
		});
	}

	/** What is not HTTP, or too slow or too long to become a request, gets an answer in the one shape as well. */
	answerClientError(cause: NodeJS.ErrnoException, socket: Socket): void {
		const response = this.#responses.get(socket);
		// Anything written now would land in the middle of that answer.
		const isAnswering =
			response?.headersSent === true && !response.writableFinished;
		if (isAnswering || cause.code === "ECONNRESET" || !socket.writable) {
			socket.destroy();
		} else {
			socket.end(toRefusal(cause));
		}
	}

	beginClosing(): void {
		this.#isClosing = true;
		for (const [socket, response] of this.#responses) {
			if (response === null) socket.destroy();
		}
	}

	#afterAnswer(): void {
		if (this.#isClosing)
			setImmediate(() => this.#server.closeIdleConnections());
	}
}

function toRefusal(cause: NodeJS.ErrnoException): string {
	const { reason, error } = refusalOf(cause);
	const body = JSON.stringify(toErrorBody(error));
	return (
		`HTTP/1.1 ${reason}\r\ncontent-type: application/json; charset=utf-8\r\n` +
		`content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
	);
}

function refusalOf(cause: NodeJS.ErrnoException): {
	reason: string;
	error: GalleyError;
} {
	switch (cause.code) {
		case "ERR_HTTP_REQUEST_TIMEOUT": {
			const error = new GalleyError(
				"request_timeout",
				"The request took too long to arrive. Send it faster.",
			);
			return { reason: "408 Request Timeout", error };
		}
		case "HPE_HEADER_OVERFLOW": {
			const error = new GalleyError(
				"invalid_request",
				"The request's headers are too long. Send fewer or shorter ones.",
			);
			return { reason: "431 Request Header Fields Too Large", error };
		}
		default: {
			const error = new GalleyError(
				"invalid_request",
				"This is not a valid HTTP request.",
			);
			return { reason: "400 Bad Request", error };
		}
	}
}
