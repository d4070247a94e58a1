import { element } from "../page/element.js";

const pause = 1500;

/** A line while pages of some collections are still read for the first time: answers may miss what stands there. */
export class ReadingNotice {
	#api;
	#onChange;
	#timer = null;
	#isClosed = false;

	/** `onChange` is called with the collections each time they were asked for again. */
	constructor(api, onChange) {
		this.#api = api;
		this.#onChange = onChange;
		this.node = element("p", {
			class: "reading-notice",
			role: "status",
			hidden: true,
		});
	}

	/** Asks again until all is read; where there is nothing at all yet, until there is something. */
	watch(collections) {
		const line = readingLine(collections);
		this.node.hidden = line === null;
		if (this.node.textContent !== (line ?? ""))
			this.node.textContent = line ?? "";
		const isEmpty = collections.every(({ documents }) => documents === 0);
		clearTimeout(this.#timer);
		if (!this.#isClosed && (line !== null || isEmpty))
			this.#timer = setTimeout(() => this.#again(collections), pause);
	}

	async #again(before) {
		try {
			const { collections } = await this.#api.get("/v1/collections");
			if (this.#isClosed) return;
			this.#onChange(collections);
			this.watch(collections);
		} catch {
			// The server is away for a moment: what was known stays.
			if (!this.#isClosed) this.watch(before);
		}
	}

	close() {
		this.#isClosed = true;
		clearTimeout(this.#timer);
	}
}

/** Null where all is read. */
export function readingLine(collections) {
	const parts = collections.flatMap(({ name, reading }) => {
		if (!reading) return [];
		const { done, pages } = reading;
		return [pages === 0 ? name : `${name} (${done} of ${pages} pages)`];
	});
	return parts.length === 0 ? null : `Still reading ${parts.join(", ")}`;
}
