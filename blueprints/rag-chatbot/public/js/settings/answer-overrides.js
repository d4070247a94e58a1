const stored = "rag-answer-settings";

/** What this browser wants otherwise than the server's settings; sent with every question. */
export class AnswerOverrides {
	#values;

	constructor() {
		try {
			this.#values = JSON.parse(localStorage.getItem(stored) ?? "{}");
		} catch {
			// Somebody wrote something else there.
			this.#values = {};
		}
	}

	get overrides() {
		return { ...this.#values };
	}

	/** `undefined` goes back to the server's. */
	set(name, value) {
		if (value === undefined) delete this.#values[name];
		else this.#values[name] = value;
		localStorage.setItem(stored, JSON.stringify(this.#values));
	}

	clear() {
		this.#values = {};
		localStorage.removeItem(stored);
	}
}
