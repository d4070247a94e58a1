/** "1 page", "2 pages", "1,200 pages" */
export function counted(count, one, many = `${one}s`) {
	return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** "38 ms", "1.4 s" */
export function duration(ms) {
	if (ms < 1) return "<1 ms";
	return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function moment(iso) {
	if (!iso) return "";
	return new Date(iso).toLocaleString(undefined, {
		dateStyle: "medium",
		timeStyle: "short",
	});
}

/** What a source is called where there is no title: the address without its scheme, or the file's name. */
export function sourceName(source) {
	return source.replace(/^(https?:\/\/|upload:|note:)/, "");
}

/** Null for what isn't an address on the web: a link to it may run something. */
export function webAddress(text) {
	if (typeof text !== "string" || !URL.canParse(text)) return null;
	const { protocol, href } = new URL(text);
	return protocol === "https:" || protocol === "http:" ? href : null;
}
