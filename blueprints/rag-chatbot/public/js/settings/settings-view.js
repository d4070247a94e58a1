import { element, field } from "../page/element.js";
import { failure, loading } from "../page/states.js";
import { answerFields } from "./answer-fields.js";

/** The services and whether they answer; how answers are made, as far as this browser wants it otherwise. */
export class SettingsView {
	#parts;
	#body = element("div", { class: "stack" });

	constructor(parts) {
		this.#parts = parts;
		this.node = element(
			"section",
			{ class: "room", "aria-labelledby": "settings-title" },
			element("h1", { id: "settings-title" }, "Settings"),
			this.#body,
		);
	}

	async open() {
		this.#body.replaceChildren(loading("Asking the services…"));
		try {
			const found = await this.#parts.api.get("/v1/settings");
			this.#body.replaceChildren(
				this.#services(found.services),
				this.#answers(found.answer),
				this.#key(),
			);
		} catch (error) {
			this.#body.replaceChildren(failure(error, () => this.open()));
		}
	}

	close() {}

	#services(services) {
		return element(
			"section",
			{ class: "card" },
			element("h2", {}, "Services"),
			element(
				"ul",
				{ class: "services" },
				Object.entries(services).map(([name, service]) => {
					const state =
						service === null
							? "off"
							: service.isReachable
								? "reachable"
								: "unreachable";
					return element(
						"li",
						{},
						element("span", { class: `dot ${state}`, "aria-hidden": "true" }),
						element(
							"div",
							{},
							element("strong", {}, serviceNames[name] ?? name),
							element(
								"p",
								{ class: "aside" },
								service === null
									? "Turned off on the server"
									: `${service.model} at ${service.url}`,
							),
							service?.problem
								? element("p", { class: "failure" }, service.problem)
								: null,
						),
						element("span", { class: `badge ${state}` }, stateWords[state]),
					);
				}),
			),
			element(
				"button",
				{ type: "button", on: { click: () => this.open() } },
				"Check again",
			),
		);
	}

	#answers(defaults) {
		const { settings } = this.#parts;
		const { overrides } = settings;
		const fields = answerFields
			.filter(({ name }) => name in defaults)
			.map((described) => {
				const { name, label, hint } = described;
				const input = inputFor(described, overrides[name] ?? defaults[name]);
				input.addEventListener("change", () => {
					if (!input.reportValidity()) return;
					const value = valueIn(described, input);
					settings.set(name, value === defaults[name] ? undefined : value);
				});
				return field(label, input, hint);
			});
		return element(
			"section",
			{ class: "card" },
			element("h2", {}, "Answers"),
			element(
				"p",
				{ class: "aside" },
				"Changes are kept in this browser and sent with each question; others keep the server's settings.",
			),
			element("div", { class: "field-grid" }, fields),
			element(
				"button",
				{
					type: "button",
					on: {
						click: () => {
							settings.clear();
							this.open();
						},
					},
				},
				"Back to the server's settings",
			),
		);
	}

	#key() {
		const { api } = this.#parts;
		if (!api.hasKey) return "";
		return element(
			"section",
			{ class: "card" },
			element("h2", {}, "Key"),
			element("p", { class: "aside" }, "A key is kept in this browser."),
			element(
				"button",
				{
					type: "button",
					on: {
						click: () => {
							api.forgetKey();
							location.reload();
						},
					},
				},
				"Forget the key",
			),
		);
	}
}

const serviceNames = {
	chat: "Language model",
	embedding: "Embedding",
	rerank: "Reranking",
};
const stateWords = {
	off: "off",
	reachable: "reachable",
	unreachable: "not reachable",
};

function inputFor({ kind, choices, ...limits }, value) {
	if (kind === "choice")
		return element(
			"select",
			{},
			Object.entries(choices).map(([key, text]) =>
				element("option", { value: key, selected: key === value }, text),
			),
		);
	if (kind === "switch")
		return element("input", {
			type: "checkbox",
			role: "switch",
			checked: value,
		});
	const { least, most, step } = limits;
	return element("input", {
		type: "number",
		inputmode: "decimal",
		required: true,
		min: least,
		max: most,
		step,
		value,
	});
}

function valueIn({ kind }, input) {
	if (kind === "switch") return input.checked;
	return kind === "choice" ? input.value : input.valueAsNumber;
}
