/** The data of each event, read as the WHATWG's event stream interpretation says. */
export function parseEventStream(text: string): string[] {
	const events: string[] = [];
	let data: string[] = [];
	for (const line of text.split(/\r\n|\n|\r/)) {
		if (line === "") {
			if (data.length > 0) events.push(data.join("\n"));
			data = [];
		} else if (line.startsWith("data:")) {
			data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
		} else if (!line.startsWith(":") && !line.startsWith("event:")) {
			throw new Error(`unexpected line in the event stream: ${line}`);
		}
	}
	if (data.length > 0) throw new Error("the last event is not complete");
	return events;
}
