import { setTimeout as delay } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { expect, test } from "vitest";
import type { RequestRecord } from "./request-record.ts";
import { StreamHandler } from "./stream-handler.ts";

const controller = {} as Dispatcher.DispatchController;
const event = (content: string, finish: string | null = null) =>
	`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

test("tokens of one read arrived together: no interval of nothing lies between them", async () => {
	const records: RequestRecord[] = [];
	const handler = new StreamHandler(
		"chat",
		0,
		undefined,
		(record) => records.push(record),
		() => {},
	);
	handler.start();
	handler.onRequestStart(controller);
	handler.onResponseStart(controller, 200, {
		"content-type": "text/event-stream",
	});
	const read = (text: string) =>
		handler.onResponseData(controller, Buffer.from(text));
	read(event("one") + event("two"));
	await delay(5);
	// Of one read, too: each is a chunk of HTTP's chunked encoding.
	read(event("three") + event("four"));
	read(event("five"));
	await delay(5);
	read(`${event("six", "stop")}data: [DONE]\n\n`);
	handler.onResponseEnd();
	expect(records).toHaveLength(1);
	const [record] = records;
	expect(record).toMatchObject({ error: null, outputTokens: 6 });
	expect(record?.itlMs).toHaveLength(2);
	expect(Math.min(...(record?.itlMs ?? []))).toBeGreaterThan(1);
});
