/**
 * A program of its own: a model's server that computes nothing. A POST is answered with one JSON object after DELAY_MS, or, where it
 * asks for a stream, with `max_tokens` events; each turn writes one event to every open stream, as an engine's step does.
 *   node fake-engine.ts PORT
 * The body says how: `delay_ms` of an answer, `step_ms` between events (0: as fast as it goes).
 */
import { createServer, type ServerResponse } from "node:http";

interface OpenStream {
	response: ServerResponse;
	left: number;
	isBlocked: boolean;
}

interface Asked {
	stream?: boolean;
	max_tokens?: number;
	delay_ms?: number;
	step_ms?: number;
}

const id = "chatcmpl-0123456789abcdef0123456789abcdef";
const head = { id, created: 1_700_000_000, model: "fake" };
const usage = { prompt_tokens: 20, completion_tokens: 16, total_tokens: 36 };
const whole = JSON.stringify({
	...head,
	object: "chat.completion",
	choices: [
		{
			index: 0,
			message: { role: "assistant", content: "word ".repeat(16) },
			finish_reason: "stop",
		},
	],
	usage,
});
const event = Buffer.from(
	`data: ${JSON.stringify({
		...head,
		object: "chat.completion.chunk",
		choices: [{ index: 0, delta: { content: " word" }, finish_reason: null }],
	})}\n\n`,
);
const json = {
	"content-type": "application/json",
	"content-length": Buffer.byteLength(whole),
};
const open = new Set<OpenStream>();
let isStepping = false;
let stepMs = 0;

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
	if (stepMs > 0) setTimeout(step, stepMs);
	else setImmediate(step);
}

function answer(asked: Asked, response: ServerResponse): void {
	if (asked.stream === true) {
		stepMs = asked.step_ms ?? 0;
		response.writeHead(200, { "content-type": "text/event-stream" });
		const stream = { response, left: asked.max_tokens ?? 16, isBlocked: false };
		response.on("close", () => open.delete(stream));
		open.add(stream);
		if (!isStepping) schedule();
		return;
	}
	const send = () => response.writeHead(200, json).end(whole);
	if (asked.delay_ms === undefined || asked.delay_ms === 0) send();
	else setTimeout(send, asked.delay_ms);
}

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
	if (request.method !== "POST") {
		response.end("ok");
		return;
	}
	const parts: Buffer[] = [];
	request.on("data", (part: Buffer) => parts.push(part));
	request.on("end", () =>
		answer(JSON.parse(Buffer.concat(parts).toString()) as Asked, response),
	);
}).listen(Number(process.argv[2]), "127.0.0.1");
