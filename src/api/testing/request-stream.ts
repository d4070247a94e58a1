import { parseEventStream } from "./sse-parser.ts";
import type { TestServer } from "./test-server.ts";

/** Posts a body with `stream` and reads the events of the answer. */
export async function requestStream(
	{ app }: TestServer,
	url: string,
	payload: object,
) {
	const answer = await app.inject({
		method: "POST",
		url,
		payload: { ...payload, stream: true },
	});
	const data = parseEventStream(answer.body);
	const last = data.at(-1);
	const chunks = (last === "[DONE]" ? data.slice(0, -1) : data).map((text) =>
		JSON.parse(text),
	);
	return { answer, chunks, last, data };
}
