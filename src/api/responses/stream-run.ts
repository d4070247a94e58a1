import type { GalleyError } from "../../core/errors.ts";
import type { Exchange } from "../generation/answer.ts";
import type { Pulse } from "../keep-alive.ts";
import { EventStream } from "../sse.ts";
import { toFrame } from "./response-events.ts";
import type { ResponseRun } from "./response-run.ts";
import { errorEvent } from "./response-writer.ts";

/** Frames written together when many are there. */
const framesPerWrite = 64;

/** Starts a run and streams it; it ends when the client goes. The status is decided by what comes first. */
export function streamRun(exchange: Exchange, run: ResponseRun): Promise<void> {
	const { request, context } = exchange;
	return new Promise((resolve, reject) => {
		let stream: EventStream | null = null;
		const open = (): EventStream => {
			stream = openStream(exchange, pulse, () => run.abandon());
			return stream;
		};
		const pulse = context.keepAlive.begin(() => (stream ?? open()).beat());
		run.listen({
			frame: (frame) => (stream ?? open()).write(frame),
			refused: (error) => {
				context.keepAlive.end(pulse);
				request.record.error ??= error;
				if (stream === null) return reject(error);
				stream.fail(error);
				resolve();
			},
			ended: (error) => {
				context.keepAlive.end(pulse);
				if (error !== null) request.record.error ??= error;
				stream?.end();
				resolve();
			},
		});
		run.start();
		whenGone(exchange, () => run.abandon());
	});
}

/** Starts a run and waits for its end. */
export function collectRun(exchange: Exchange, run: ResponseRun) {
	return new Promise<ResponseRun["response"]>((resolve, reject) => {
		run.listen({
			refused: reject,
			ended: (error) =>
				error === null ? resolve(run.response) : reject(error),
		});
		run.start();
		whenGone(exchange, () => run.abandon());
	});
}

/** Streams a run that goes on by itself, from one event on: first what was told, then what comes. */
export async function followRun(
	exchange: Exchange,
	run: ResponseRun,
	from: number,
): Promise<void> {
	let wake = () => {};
	let isGone = false;
	whenGone(exchange, () => {
		isGone = true;
		wake();
	});
	const onNews = () => wake();
	const leave = run.listen({ frame: onNews, refused: onNews, ended: onNews });
	const { keepAlive } = exchange.context;
	const pulse = keepAlive.begin(() => stream.beat());
	const stream = openStream(exchange, pulse, () => {
		isGone = true;
		wake();
	});
	let next = from;
	while (!isGone) {
		next = await writeFrames(stream, run.frames, next);
		if (run.hasEnded && next >= run.frames.length) break;
		if (next < run.frames.length || isGone) continue;
		await new Promise<void>((resolve) => {
			wake = resolve;
		});
	}
	leave();
	keepAlive.end(pulse);
	stream.end();
}

/** Streams what a finished run told, from one event on. */
export async function replayFrames(
	exchange: Exchange,
	frames: readonly string[],
	from: number,
): Promise<void> {
	let isGone = false;
	const leave = () => {
		isGone = true;
	};
	whenGone(exchange, leave);
	// Never silent but for the client, who is slow then.
	const pulse = { hasSpoken: true, quietTicks: 0, beat: () => {} };
	const stream = openStream(exchange, pulse, leave);
	let next = from;
	while (next < frames.length && !isGone)
		next = await writeFrames(stream, frames, next);
	stream.end();
}

/** As many as the client takes at once; returns the next. */
async function writeFrames(
	stream: EventStream,
	frames: readonly string[],
	from: number,
): Promise<number> {
	const some = frames.slice(from, from + framesPerWrite);
	if (some.length > 0) stream.write(some.join(""));
	await stream.drained();
	return from + some.length;
}

function openStream(
	{ context, request, reply }: Exchange,
	pulse: Pulse,
	onOverflow: () => void,
): EventStream {
	const { maxBufferedBytes, slowClientTimeoutMs } = context.options;
	return new EventStream(reply, {
		maxBufferedBytes,
		slowClientTimeoutMs,
		pulse,
		onOverflow: (error) => {
			request.record.error = error;
			onOverflow();
		},
		// Its number is not known here, and nothing comes after it.
		toErrorFrames: (error: GalleyError) => toFrame(errorEvent(error), 0),
	});
}

/** After a complete answer "close" comes too: what is done then must be safe. */
function whenGone({ reply }: Exchange, leave: () => void): void {
	if (reply.raw.closed || reply.raw.destroyed) leave();
	else reply.raw.once("close", leave);
}
