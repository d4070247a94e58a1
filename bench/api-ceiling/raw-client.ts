/**
 * A program of its own: keeps streaming requests going on many raw sockets and counts the events that arrive. As little work an
 * event as Node allows, so that the server is what is measured. Prints one line of JSON.
 *   node raw-client.ts PORT CLIENTS WARMUP_SECONDS SECONDS BODY
 */
import { connect } from "node:net";
import { percentile } from "../../src/benchmark/statistics.ts";
import { ChunkCounter } from "./chunk-counter.ts";

export interface RawClientResult {
	events: number;
	responses: number;
	seconds: number;
	/** Milliseconds between events of one connection. */
	gapMs: { p50: number; p99: number; p999: number; max: number };
}

const [port = "", clients = "", warmupSeconds = "", seconds = "", body = ""] =
	process.argv.slice(2);
const request = Buffer.from(
	"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
		`content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const gaps: number[] = [];
let events = 0;
let responses = 0;
let isMeasuring = false;

function open(): void {
	const counter = new ChunkCounter();
	let lastEventAt = 0;
	const socket = connect({
		host: "127.0.0.1",
		port: Number(port),
		noDelay: true,
		onread: {
			buffer: Buffer.allocUnsafe(64 * 1024),
			callback: (length, buffer) => {
				const responsesBefore = counter.responses;
				const found = counter.push(
					Buffer.from(buffer.buffer, buffer.byteOffset, length),
				);
				if (found > 0 && isMeasuring) {
					const now = performance.now();
					events += found;
					if (lastEventAt > 0) gaps.push(now - lastEventAt);
					for (let more = 1; more < found; more++) gaps.push(0);
					lastEventAt = now;
				}
				if (counter.responses > responsesBefore) {
					if (isMeasuring) responses++;
					lastEventAt = 0; // the time to the next first event is no gap
					socket.write(request);
				}
				return true;
			},
		},
	});
	socket.on("connect", () => socket.write(request));
	socket.on("error", fail);
	socket.on("close", () => fail(new Error("The server closed a connection.")));
}

function fail(error: Error): void {
	console.error(error.message);
	process.exit(1);
}

for (let index = 0; index < Number(clients); index++) open();
setTimeout(() => {
	isMeasuring = true;
	const start = performance.now();
	setTimeout(() => {
		const elapsed = (performance.now() - start) / 1000;
		const sorted = Float64Array.from(gaps).sort();
		const result: RawClientResult = {
			events,
			responses,
			seconds: elapsed,
			gapMs: {
				p50: percentile(sorted, 50),
				p99: percentile(sorted, 99),
				p999: percentile(sorted, 99.9),
				max: sorted[sorted.length - 1] ?? 0,
			},
		};
		process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
	}, Number(seconds) * 1000);
}, Number(warmupSeconds) * 1000);
