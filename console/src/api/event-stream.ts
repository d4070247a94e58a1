/** One server-sent event. */
export interface ServerSentEvent {
	/** `message` where the server names none. */
	event: string;
	data: string;
}

/** Reads an event stream as the HTML standard says: any line ending, several data lines, comments left out. */
export async function* readEvents(
	body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
	const reader = body.getReader();
	const decoder = new TextDecoder();
	let rest = "";
	let event = "";
	let data: string[] = [];
	try {
		for (;;) {
			const { value, done } = await reader.read();
			rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
			// A carriage return at the end may be half of a CRLF.
			const usable = !done && rest.endsWith("\r") ? rest.slice(0, -1) : rest;
			const lines = usable.split(/\r\n|\n|\r/);
			const unfinished = lines.pop() ?? "";
			rest = unfinished + rest.slice(usable.length);
			if (done && unfinished !== "") lines.push(unfinished, "");
			for (const line of lines) {
				if (line === "") {
					if (data.length > 0)
						yield { event: event || "message", data: data.join("\n") };
					event = "";
					data = [];
					continue;
				}
				const colon = line.indexOf(":");
				const field = colon === -1 ? line : line.slice(0, colon);
				const raw = colon === -1 ? "" : line.slice(colon + 1);
				const value = raw.startsWith(" ") ? raw.slice(1) : raw;
				if (field === "event") event = value;
				if (field === "data") data.push(value);
			}
			if (done) return;
		}
	} finally {
		// Whoever stops listening leaves; the server then stops working for them.
		await reader.cancel().catch(() => undefined);
	}
}
