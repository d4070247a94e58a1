import { element, icon, iconButton } from "../page/element.js";

/** The line to write in: Enter asks, Shift+Enter breaks the line. While an answer is written it can be stopped. */
export class Composer {
	#input;
	#ask;
	#stop;
	#isBusy = false;

	constructor({ onAsk, onStop, extra }) {
		this.#input = element("textarea", {
			rows: "1",
			placeholder: "Ask your pages…",
			"aria-label": "Question",
			maxlength: "8000",
			on: {
				input: () => this.#fit(),
				keydown: (event) => {
					if (event.key !== "Enter" || event.shiftKey || event.isComposing)
						return;
					event.preventDefault();
					send();
				},
			},
		});
		this.#ask = element(
			"button",
			{ type: "submit", class: "primary icon-button", "aria-label": "Ask" },
			icon("send"),
		);
		this.#stop = iconButton("stop", "Stop", onStop, {
			class: "primary icon-button",
			hidden: true,
		});
		const send = () => {
			const question = this.#input.value.trim();
			if (question === "" || this.#isBusy) return;
			this.#input.value = "";
			this.#fit();
			onAsk(question);
		};
		this.node = element(
			"form",
			{
				class: "composer",
				on: {
					submit: (event) => {
						event.preventDefault();
						send();
					},
				},
			},
			element(
				"div",
				{ class: "composer-line" },
				this.#input,
				this.#ask,
				this.#stop,
			),
			extra,
		);
	}

	setBusy(isBusy) {
		this.#isBusy = isBusy;
		this.#ask.hidden = isBusy;
		this.#stop.hidden = !isBusy;
	}

	focus() {
		this.#input.focus();
	}

	#fit() {
		this.#input.style.height = "auto";
		this.#input.style.height = `${Math.min(this.#input.scrollHeight, 200)}px`;
	}
}
