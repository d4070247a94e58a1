import type { FastifyReply } from "fastify";

/** The only writer of server-sent events. */
export class EventStream {
	readonly #reply: FastifyReply;

	/** Once the first byte is out errors are events too: whatever can be refused, refuse before. */
	constructor(reply: FastifyReply) {
		this.#reply = reply;
		reply.hijack();
		reply.raw.writeHead(200, {
			...(reply.getHeaders() as Record<string, string>),
			"content-type": "text/event-stream; charset=utf-8",
			"cache-control": "no-cache",
			// A proxy that collects the answer would take the streaming out of it.
			"x-accel-buffering": "no",
		});
	}

	/** Resolves when there is room for more: one who reads slowly is waited for. */
	async send(data: unknown, event: string | null = null): Promise<void> {
		const { raw } = this.#reply;
		if (raw.destroyed) return;
		const text = typeof data === "string" ? data : JSON.stringify(data);
		const name = event === null ? "" : `event: ${event}\n`;
		if (raw.write(`${name}data: ${text}\n\n`)) return;
		await new Promise<void>((resolve) => {
			const done = () => {
				raw.off("drain", done).off("close", done);
				resolve();
			};
			raw.on("drain", done).on("close", done);
		});
	}

	end(): void {
		this.#reply.raw.end();
	}
}

/** Aborts when the caller leaves before its answer is complete. */
export function whenGone(reply: FastifyReply): AbortSignal {
	const controller = new AbortController();
	reply.raw.on("close", () => {
		if (!reply.raw.writableFinished)
			controller.abort(new Error("The caller has gone."));
	});
	return controller.signal;
}
