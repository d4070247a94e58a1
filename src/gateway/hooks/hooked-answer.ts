import { EventEmitter } from "node:events";
import { toErrorBody } from "../../core/error-body.ts";
import { GalleyError, toGalleyError } from "../../core/errors.ts";
import type { AnswerSink } from "../../proxy/answer-sink.ts";
import { errorBodyFor, streamErrorFrame } from "../../proxy/stream-end.ts";
import type { AnswerStage } from "./answer-stage.ts";
import { EventFrames, type Frame, writeEvent } from "./event-frames.ts";
import type { JsonObject, StreamedEvent } from "./gateway-hook.ts";

type Headers = Parameters<AnswerSink["writeHead"]>[1];

const maxBodyBytes = 64 * 1024 * 1024;
/** Pieces that wait for hooks before the other side is made to wait. */
const maxWaiting = 32;

/**
 * An answer on its way through the hooks to the client. Events pass one by one, in order; a JSON body is gathered first; errors
 * and answers that are neither (sound, pictures) pass untouched. A hook that refuses or fails ends the answer with an error.
 */
export class HookedAnswer implements AnswerSink {
	readonly #client: AnswerSink;
	readonly #stages: readonly AnswerStage[];
	readonly #path: string;
	readonly #events = new EventEmitter();
	readonly #frames = new EventFrames();
	#way: "pass" | "whole" | "events" = "pass";
	#status = 200;
	#headers: Headers = {};
	#hasHead = false;
	#pieces: Buffer[] = [];
	#bytes = 0;
	/** All that is to be done, in order. */
	#work: Promise<void> = Promise.resolve();
	#waiting = 0;
	#hasEnded = false;
	#refusal: GalleyError | null = null;

	constructor(
		client: AnswerSink,
		stages: readonly AnswerStage[],
		path: string,
	) {
		this.#client = client;
		this.#stages = stages;
		this.#path = path;
	}

	get req(): AnswerSink["req"] {
		return this.#client.req;
	}

	get statusCode(): number {
		return this.#client.headersSent ? this.#client.statusCode : this.#status;
	}

	get headersSent(): boolean {
		return this.#hasHead;
	}

	get writableEnded(): boolean {
		return this.#hasEnded;
	}

	get writableFinished(): boolean {
		// An answer that was ended by a hook has not ended for the other side, which has to be stopped.
		return this.#client.writableFinished && this.#refusal === null;
	}

	get destroyed(): boolean {
		return this.#client.destroyed || this.#refusal !== null;
	}

	/** Resolves when the client has been told all; with the error that hooks made of the answer, if any. */
	async settled(): Promise<GalleyError | null> {
		await this.#work;
		return this.#refusal;
	}

	writeHead(status: number, headers: Headers): void {
		this.#hasHead = true;
		this.#status = status;
		this.#headers = headers;
		const type = String(headers["content-type"] ?? "").toLowerCase();
		const isRead = status < 300 && headers["content-encoding"] === undefined;
		if (isRead && type.startsWith("text/event-stream")) this.#way = "events";
		else if (isRead && /^application\/(?:[\w.-]+\+)?json/.test(type))
			this.#way = "whole";
		else if (headers["content-encoding"] !== undefined)
			this.#fail(
				new GalleyError(
					"upstream_error",
					"The answer is compressed, which the gateway's hooks can't read.",
				),
			);
		if (this.#refusal !== null || this.#way === "whole") return;
		if (this.#way === "events") delete headers["content-length"];
		this.#client.writeHead(status, headers);
	}

	flushHeaders(): void {
		if (this.#client.headersSent || this.#way === "whole") return;
		this.#client.flushHeaders();
	}

	write(piece: Buffer): boolean {
		if (this.#refusal !== null) return true;
		if (this.#way === "pass") return this.#client.write(piece);
		if (this.#way === "whole") {
			this.#bytes += piece.length;
			if (this.#bytes > maxBodyBytes)
				this.#fail(
					new GalleyError(
						"upstream_error",
						`The answer is longer than the ${maxBodyBytes} bytes that the gateway's hooks read at once.`,
					),
				);
			else this.#pieces.push(piece);
			return true;
		}
		this.#do(async () => this.#pass(this.#frames.push(piece)));
		return this.#waiting < maxWaiting;
	}

	end(piece?: Buffer | string): void {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		const last = piece === undefined ? undefined : Buffer.from(piece);
		if (this.#refusal !== null) return;
		if (this.#way === "pass") {
			this.#client.end(last);
			return;
		}
		if (this.#way === "whole") {
			if (last !== undefined) this.#pieces.push(last);
			this.#do(() => this.#endWhole());
			return;
		}
		this.#do(async () => {
			if (last !== undefined) await this.#pass(this.#frames.push(last));
			await this.#pass(this.#frames.end());
			await this.#endStages();
			this.#client.end();
		});
	}

	destroy(): void {
		this.#hasEnded = true;
		this.#client.destroy();
	}

	once(event: "close" | "drain", listener: () => void): void {
		if (event === "close" || this.#way !== "pass")
			this.#events.once(event, listener);
		if (event === "close" || this.#way === "pass")
			this.#client.once(event, listener);
	}

	off(event: "close" | "drain", listener: () => void): void {
		this.#events.off(event, listener);
		this.#client.off(event, listener);
	}

	#do(work: () => Promise<void>): void {
		this.#waiting++;
		this.#work = this.#work
			.then(() => (this.#refusal === null ? work() : undefined))
			.catch((thrown: unknown) => this.#fail(toGalleyError(thrown)))
			.then(() => {
				this.#waiting--;
				if (this.#waiting === 0) this.#events.emit("drain");
			});
	}

	async #pass(frames: readonly Frame[]): Promise<void> {
		for (const frame of frames) {
			if ("comment" in frame) {
				this.#client.write(frame.comment);
				continue;
			}
			await this.#through(0, [frame.event]);
		}
	}

	/** From one stage on. */
	async #through(
		first: number,
		given: readonly StreamedEvent[],
	): Promise<void> {
		let events = given;
		for (const stage of this.#stages.slice(first)) {
			const passed: StreamedEvent[] = [];
			for (const event of events) passed.push(...(await stage.event(event)));
			events = passed;
		}
		if (events.length > 0) await this.#send(events.map(writeEvent).join(""));
	}

	async #endStages(): Promise<void> {
		for (const [index, stage] of this.#stages.entries())
			await this.#through(index + 1, stage.end());
	}

	/** A client that reads slowly makes the other side wait. */
	async #send(text: string): Promise<void> {
		if (this.#client.write(Buffer.from(text)) || this.#client.destroyed) return;
		await new Promise<void>((resolve) => {
			const go = () => {
				this.#client.off("drain", go);
				this.#client.off("close", go);
				resolve();
			};
			this.#client.once("drain", go);
			this.#client.once("close", go);
		});
	}

	async #endWhole(): Promise<void> {
		let body = JSON.parse(Buffer.concat(this.#pieces).toString()) as JsonObject;
		this.#pieces = [];
		for (const stage of this.#stages) body = await stage.whole(body);
		const text = Buffer.from(JSON.stringify(body));
		this.#client.writeHead(this.#status, {
			...this.#headers,
			"content-length": text.length,
		});
		this.#client.end(text);
	}

	/** Ends the client's answer, and makes the other side stop. */
	#fail(error: GalleyError): void {
		if (this.#refusal !== null) return;
		this.#refusal = error;
		this.#hasEnded = true;
		this.#pieces = [];
		if (!this.#client.destroyed) this.#tell(error);
		this.#events.emit("close");
	}

	#tell(error: GalleyError): void {
		const client = this.#client;
		if (client.headersSent) {
			client.end(streamErrorFrame(this.#path, error));
			return;
		}
		const { status } = error;
		const body = Buffer.from(
			JSON.stringify(errorBodyFor(this.#path, error) ?? toErrorBody(error)),
		);
		client.writeHead(status, {
			"content-type": "application/json; charset=utf-8",
			"content-length": body.length,
		});
		client.end(body);
	}
}
