/**
 * A program of its own: the least that Node's HTTP server can do for a stream. Answers every POST with `max_tokens` events of one
 * size; each turn writes one event to every open response, as an engine's step does. The bound that an API layer is measured against.
 *   node bare-server.ts PORT EVENT_BYTES STEP_MS      (STEP_MS 0: as fast as it goes)
 */
import { createServer, type ServerResponse } from "node:http";

interface OpenResponse {
	response: ServerResponse;
	left: number;
	isBlocked: boolean;
}

const [port = "", eventBytes = "", stepMs = "0"] = process.argv.slice(2);
const frame = "data: \n\n";
const event = Buffer.from(
	frame.replace(
		" ",
		` ${"x".repeat(Math.max(1, Number(eventBytes) - frame.length))}`,
	),
);
const open = new Set<OpenResponse>();
let isStepping = false;

function step(): void {
	for (const stream of open) {
		if (stream.isBlocked) continue;
		stream.left--;
		if (stream.left === 0) {
			open.delete(stream);
			stream.response.end(event);
		} else if (!stream.response.write(event)) {
			stream.isBlocked = true;
			stream.response.once("drain", () => {
				stream.isBlocked = false;
			});
		}
	}
	isStepping = open.size > 0;
	if (isStepping) schedule();
}

function schedule(): void {
	isStepping = true;
	if (Number(stepMs) > 0) setTimeout(step, Number(stepMs));
	else setImmediate(step);
}

createServer((request, response) => {
	if (request.method !== "POST") {
		response.end("ok");
		return;
	}
	const parts: Buffer[] = [];
	request.on("data", (part: Buffer) => parts.push(part));
	request.on("end", () => {
		const { max_tokens } = JSON.parse(
			Buffer.concat(parts).toString("utf8"),
		) as { max_tokens: number };
		response.writeHead(200, { "content-type": "text/event-stream" });
		const stream = { response, left: max_tokens, isBlocked: false };
		response.on("close", () => open.delete(stream));
		open.add(stream);
		if (!isStepping) schedule();
	});
}).listen(Number(port), "127.0.0.1");
