import { toGalleyError } from "../../core/errors.ts";
import type { EncoderInfo } from "../../engine/encoder-engine.ts";
import { type ComputedBatch, EncoderLanes } from "./encoder-lanes.ts";
import type {
	EncoderHostMessage,
	EncoderLoadOptions,
	EncoderMessage,
} from "./encoder-protocol.ts";
import { loadEncoder } from "./load-encoder.ts";
import { unpackBatch } from "./packed-batch.ts";

type RunMessage = Extract<EncoderHostMessage, { type: "run" }>;

/** What computes here, one batch or several at a time. */
interface Computing {
	info: EncoderInfo;
	lanes: number;
	run(message: RunMessage, isAlone: boolean): Promise<ComputedBatch>;
}

/** Entry of the process that holds an embedding or reranking model: no port, no file but the model. */
let computing: Computing | null = null;
let loading: Promise<void> = Promise.resolve();
const waiting: RunMessage[] = [];
let running = 0;
/** A suspect is computed with nothing beside it. */
let isSuspectRunning = false;
let measuredAt = Number.NEGATIVE_INFINITY;
let measuredBytes = 0;

/** A system call: once a second is enough for a gauge. */
function residentBytes(): number {
	if (performance.now() - measuredAt > 1000) {
		measuredAt = performance.now();
		measuredBytes = process.memoryUsage.rss();
	}
	return measuredBytes;
}

function send(message: EncoderMessage): void {
	if (process.connected) process.send?.(message);
}

async function open(
	load: EncoderLoadOptions,
	laneCount: number,
): Promise<Computing> {
	if (laneCount > 1) {
		const lanes = await EncoderLanes.load(load, laneCount);
		return {
			info: lanes.info,
			lanes: lanes.count,
			run: ({ batch }, isAlone) => lanes.run(batch, isAlone),
		};
	}
	const engine = await loadEncoder(load);
	return {
		info: engine.info,
		lanes: 1,
		async run({ batch }) {
			const start = performance.now();
			const rows = await engine.run(unpackBatch(batch));
			return { rows, computeMs: performance.now() - start };
		},
	};
}

async function load(
	asked: EncoderLoadOptions,
	laneCount: number,
): Promise<void> {
	try {
		computing = await open(asked, laneCount);
		const { info, lanes } = computing;
		send({ type: "ready", info, lanes, residentBytes: residentBytes() });
	} catch (thrown) {
		send({ type: "load-failed", ...told(thrown) });
	}
}

function pump(): void {
	if (computing === null) return;
	for (;;) {
		const [next] = waiting;
		if (next === undefined || isSuspectRunning) return;
		if (running >= (next.isSuspect ? 1 : computing.lanes)) return;
		waiting.shift();
		void run(computing, next, waiting.length === 0);
	}
}

async function run(
	{ run: compute }: Computing,
	message: RunMessage,
	isAlone: boolean,
): Promise<void> {
	const { number } = message;
	running++;
	isSuspectRunning = message.isSuspect;
	try {
		const { rows, computeMs } = await compute(message, isAlone);
		const bytes = residentBytes();
		send({ type: "rows", number, rows, computeMs, residentBytes: bytes });
	} catch (thrown) {
		send({ type: "run-failed", number, ...told(thrown) });
	} finally {
		running--;
		isSuspectRunning = false;
		pump();
	}
}

function told(thrown: unknown) {
	const { code, message, cause } = toGalleyError(thrown);
	const reason = cause instanceof Error ? ` (${cause.message})` : "";
	return { code, message: message + reason };
}

process.on("message", (message: EncoderHostMessage) => {
	switch (message.type) {
		case "load":
			loading = load(message.load, message.lanes).then(pump);
			break;
		case "run":
			waiting.push(message);
			// What arrived together is seen together: whether a batch is alone decides how it is computed.
			setImmediate(pump);
			break;
		case "shutdown":
			void loading.then(() => process.disconnect());
			break;
	}
});
// The parent decides when this process ends: a terminal's Ctrl-C reaches the whole group, and requests must drain first.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
// Not exit(): it would wait for native threads. Native memory goes with the process in any case.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
