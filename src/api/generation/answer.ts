import type { FastifyReply, FastifyRequest } from "fastify";
import type { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { Usage } from "../../core/stream-event.ts";
import type { ApiContext } from "../api-context.ts";
import { EventStream } from "../sse.ts";
import {
	type ChoiceEndEvent,
	type DeltaEvent,
	type GenerationListener,
	runGenerations,
	type StartEvent,
} from "./run-generations.ts";

/** One HTTP request that generates. */
export interface Exchange {
	readonly context: ApiContext;
	readonly request: FastifyRequest;
	readonly reply: FastifyReply;
}

/** Turns events into frames of a stream. */
export interface StreamFormat {
	start(stream: EventStream, prompt: number, event: StartEvent): void;
	delta(stream: EventStream, choice: number, event: DeltaEvent): void;
	choiceEnd(stream: EventStream, choice: number, event: ChoiceEndEvent): void;
	/** Everything between the last choice and the stream's end. */
	finish(stream: EventStream, usage: Usage): void;
	/** Where errors have a form of their own. Such streams end with their last event, without OpenAI's `[DONE]`. */
	toErrorFrames?(error: GalleyError): string;
	/** Where there is an event that means nothing; a comment otherwise. */
	readonly keepAliveFrame?: string;
}

/**
 * Streams the answer. The status is decided by what comes first: a `start` event opens the stream with 200, as does the
 * first sign of life after a long wait; an error before it becomes an HTTP error. The promise settles when the last byte is handed over.
 */
export function streamAnswer(
	exchange: Exchange,
	requests: readonly GenerationRequest[],
	format: StreamFormat,
): Promise<void> {
	const { context, request, reply } = exchange;
	const { keepAlive, options } = context;
	const { maxBufferedBytes, slowClientTimeoutMs } = options;
	return new Promise((resolve, reject) => {
		let stream: EventStream | null = null;
		const open = (): EventStream => {
			stream = new EventStream(reply, {
				maxBufferedBytes,
				slowClientTimeoutMs,
				onOverflow: (error) => {
					request.record.error = error;
					cancel();
				},
				pulse,
				keepAliveFrame: format.keepAliveFrame,
				toErrorFrames: format.toErrorFrames?.bind(format),
			});
			return stream;
		};
		const pulse = keepAlive.begin(() => (stream ?? open()).beat());
		const cancel = runGenerations(context.service, requests, {
			start: (prompt, event) => {
				request.record.promptTokens += event.promptTokens;
				format.start(stream ?? open(), prompt, event);
			},
			delta: (choice, event) => {
				request.record.completionTokens += event.tokens.length;
				if (stream !== null) format.delta(stream, choice, event);
			},
			choiceEnd: (choice, event) => {
				if (stream !== null) format.choiceEnd(stream, choice, event);
			},
			finish: (usage) => {
				keepAlive.end(pulse);
				const opened = stream ?? open();
				format.finish(opened, usage);
				if (format.toErrorFrames === undefined) opened.done();
				else opened.end();
				resolve();
			},
			error: (error) => {
				keepAlive.end(pulse);
				request.record.error ??= error;
				if (stream === null) return reject(error);
				stream.fail(error);
				resolve();
			},
		});
		cancelWhenGone(reply, cancel);
	});
}

/** Waits for the whole answer. */
export function collectAnswer(
	exchange: Exchange,
	requests: readonly GenerationRequest[],
	listener: GenerationListener,
): Promise<Usage> {
	const { context, request, reply } = exchange;
	return new Promise((resolve, reject: (error: GalleyError) => void) => {
		const cancel = runGenerations(context.service, requests, {
			start: (prompt, event) => {
				request.record.promptTokens += event.promptTokens;
				listener.start(prompt, event);
			},
			delta: (choice, event) => {
				request.record.completionTokens += event.tokens.length;
				listener.delta(choice, event);
			},
			choiceEnd: (choice, event) => listener.choiceEnd(choice, event),
			finish: resolve,
			error: reject,
		});
		cancelWhenGone(reply, cancel);
	});
}

/** After a complete answer "close" comes too; cancelling is safe then. */
function cancelWhenGone(reply: FastifyReply, cancel: () => void): void {
	if (reply.raw.closed || reply.raw.destroyed) cancel();
	else reply.raw.once("close", cancel);
}
