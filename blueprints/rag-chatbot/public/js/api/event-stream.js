/** Reads server-sent events from a body; ends at `[DONE]` or with the stream. Comments and unreadable data are passed by. */
export async function* readEvents(body) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let held = "";
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			held += value;
			const blocks = held.split(/\r?\n\r?\n/);
			held = blocks.pop();
			for (const block of blocks) {
				const event = toEvent(block);
				if (event === null) continue;
				if (event.data === "[DONE]") return;
				yield { event: event.name, data: JSON.parse(event.data) };
			}
		}
	} finally {
		// A reader that leaves early closes the connection, so that the server stops working for it.
		await reader.cancel().catch(() => undefined);
	}
}

function toEvent(block) {
	let name = "message";
	const data = [];
	for (const line of block.split(/\r?\n/)) {
		if (line.startsWith("event:")) name = line.slice(6).trim();
		else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
	}
	return data.length === 0 ? null : { name, data: data.join("\n") };
}
