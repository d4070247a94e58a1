const stored = "rag-theme";
const choices = ["system", "light", "dark"];

/** The system's colours until somebody chooses others; the choice stays in this browser. */
export class Theme {
	#choice;

	constructor() {
		const kept = localStorage.getItem(stored);
		this.#choice = choices.includes(kept) ? kept : "system";
		this.#apply();
	}

	get choice() {
		return this.#choice;
	}

	/** The next of system, light, dark. */
	turn() {
		this.#choice =
			choices[(choices.indexOf(this.#choice) + 1) % choices.length];
		localStorage.setItem(stored, this.#choice);
		this.#apply();
		return this.#choice;
	}

	#apply() {
		const { dataset } = document.documentElement;
		if (this.#choice === "system") delete dataset.theme;
		else dataset.theme = this.#choice;
	}
}
