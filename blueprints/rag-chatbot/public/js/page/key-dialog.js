import { element, field } from "./element.js";

/** Asks for the server's key; one dialog for all requests that wait for it. Resolves to the key, or null. */
export class KeyDialog {
	#open = null;

	ask(wasWrong) {
		this.#open ??= this.#show(wasWrong).finally(() => {
			this.#open = null;
		});
		return this.#open;
	}

	#show(wasWrong) {
		return new Promise((resolve) => {
			const input = element("input", {
				type: "password",
				autocomplete: "current-password",
				required: true,
			});
			const dialog = element(
				"dialog",
				{ "aria-label": "Key" },
				element(
					"form",
					{ method: "dialog" },
					element("h2", {}, "This server needs a key"),
					wasWrong
						? element(
								"p",
								{ class: "failure", role: "alert" },
								"The key was not accepted.",
							)
						: null,
					field("Key", input, "It stays in this browser."),
					element(
						"div",
						{ class: "actions" },
						element(
							"button",
							{ type: "button", on: { click: () => dialog.close("") } },
							"Cancel",
						),
						element("button", { class: "primary", value: "go" }, "Continue"),
					),
				),
			);
			dialog.addEventListener("close", () => {
				dialog.remove();
				const key = input.value.trim();
				resolve(dialog.returnValue === "go" && key !== "" ? key : null);
			});
			document.body.append(dialog);
			dialog.showModal();
		});
	}
}
