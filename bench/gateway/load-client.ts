/**
 * A program of its own: keeps requests going on raw sockets, one at a time on each, and notes how long each answer takes. As little work
 * as Node allows, so that the server is what is measured. Prints one line of JSON.
 *   node load-client.ts PORT CONNECTIONS WARMUP_SECONDS SECONDS BODY [RATE]
 * With a rate, so many requests arrive in a second (Poisson), on whatever connection is idle, however long answers take; each is
 * timed from its arrival, also where it had to wait for a connection or for this program.
 */
import { connect } from "node:net";
import { percentile } from "../../src/benchmark/statistics.ts";
import { ChunkCounter } from "../api-ceiling/chunk-counter.ts";

export interface LoadResult {
	requests: number;
	/** Of streams. */
	events: number;
	seconds: number;
	/** From the request's last byte to the answer's last. */
	ms: { p50: number; p95: number; p99: number };
	/** From the request's last byte to the first of the answer's body. */
	firstMs: { p50: number; p95: number; p99: number };
}

const [
	port = "",
	connections = "",
	warmup = "",
	seconds = "",
	body = "",
	given = "0",
] = process.argv.slice(2);
const rate = Number(given);
/** When those arrived that wait for a connection, and the connections that wait for one. */
const waiting: number[] = [];
const idle: ((arrivedAt: number) => void)[] = [];
const request = Buffer.from(
	"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
		`authorization: Bearer none\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const isStream = (JSON.parse(body) as { stream?: boolean }).stream === true;
const times: number[] = [];
const firstTimes: number[] = [];
let events = 0;
let isMeasuring = false;
const headEnd = Buffer.from("\r\n\r\n");

function open(): void {
	let sentAt = 0;
	let isFirst = true;
	/** Bytes of a JSON answer that are still to come; -1 before its head is there. */
	let left = -1;
	let counter = new ChunkCounter();
	const send = (arrivedAt: number) => {
		sentAt = arrivedAt;
		isFirst = true;
		left = -1;
		counter = new ChunkCounter();
		socket.write(request);
	};
	const done = () => {
		if (isMeasuring) times.push(performance.now() - sentAt);
		next();
	};
	const next = () => {
		const arrivedAt = rate === 0 ? performance.now() : waiting.shift();
		if (arrivedAt === undefined) idle.push(send);
		else send(arrivedAt);
	};
	const take = (bytes: Buffer) => {
		if (left === -1) {
			const end = bytes.indexOf(headEnd);
			if (end === -1) fail(new Error("A head came in pieces."));
			const head = bytes.toString("latin1", 0, end);
			if (!head.startsWith("HTTP/1.1 200")) fail(new Error(head));
			left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
			bytes = bytes.subarray(end + headEnd.length);
			if (bytes.length === 0) return;
		}
		if (isFirst && isMeasuring) firstTimes.push(performance.now() - sentAt);
		isFirst = false;
		if (!isStream) {
			left -= bytes.length;
			if (left <= 0) done();
			return;
		}
		const found = counter.push(bytes);
		if (isMeasuring) events += found;
		if (counter.responses > 0) done();
	};
	const socket = connect({
		host: "127.0.0.1",
		port: Number(port),
		noDelay: true,
		onread: {
			buffer: Buffer.allocUnsafe(64 * 1024),
			callback: (length, buffer) => {
				take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
				return true;
			},
		},
	});
	socket.on("connect", next);
	socket.on("error", fail);
	socket.on("close", () => fail(new Error("The server closed a connection.")));
}

function fail(error: Error): never {
	console.error(error.message);
	process.exit(1);
}

function summary(values: number[]): LoadResult["ms"] {
	const sorted = Float64Array.from(values).sort();
	const at = (share: number) => percentile(sorted, share);
	return { p50: at(50), p95: at(95), p99: at(99) };
}

/** One arrival after the other, as far as they are due. */
function arrive(at: number): void {
	const now = performance.now();
	while (at <= now) {
		const send = idle.pop();
		if (send === undefined) waiting.push(at);
		else send(at);
		at += (-Math.log(1 - Math.random()) * 1000) / rate;
	}
	setTimeout(() => arrive(at), 1);
}

if (rate > 0) setTimeout(() => arrive(performance.now()), 500);
for (let index = 0; index < Number(connections); index++) open();
setTimeout(() => {
	isMeasuring = true;
	const start = performance.now();
	setTimeout(() => {
		const result: LoadResult = {
			requests: times.length,
			events,
			seconds: (performance.now() - start) / 1000,
			ms: summary(times),
			firstMs: summary(firstTimes),
		};
		process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
	}, Number(seconds) * 1000);
}, Number(warmup) * 1000);
