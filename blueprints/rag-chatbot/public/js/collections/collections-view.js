import { element, field, icon } from "../page/element.js";
import { empty, fill, toast } from "../page/states.js";
import { counted } from "../page/words.js";

/** All collections, and a form for a new one. */
export class CollectionsView {
	#api;
	#list = element("div", {});

	constructor({ api }) {
		this.#api = api;
		this.node = element(
			"section",
			{ class: "room", "aria-labelledby": "collections-title" },
			element("h1", { id: "collections-title" }, "Collections"),
			element(
				"p",
				{ class: "aside" },
				"A collection holds pages that are searched together and shared together.",
			),
			this.#list,
			this.#newForm(),
		);
	}

	open() {
		return fill(this.#list, async () => {
			const { collections } = await this.#api.get("/v1/collections");
			if (collections.length === 0)
				return empty(
					"No collections yet",
					"Make one below, then add pages to it.",
				);
			return element("ul", { class: "cards" }, collections.map(card));
		});
	}

	close() {}

	#newForm() {
		const name = element("input", {
			required: true,
			maxlength: "200",
			placeholder: "Product manual",
		});
		const description = element("input", { maxlength: "2000" });
		const make = element("button", { class: "primary" }, "Make collection");
		return element(
			"form",
			{
				class: "card",
				on: {
					submit: async (event) => {
						event.preventDefault();
						make.disabled = true;
						try {
							const { id } = await this.#api.post("/v1/collections", {
								name: name.value.trim(),
								description: description.value.trim(),
							});
							location.hash = `#/collections/${encodeURIComponent(id)}`;
						} catch (error) {
							toast(error.message, "problem");
						} finally {
							make.disabled = false;
						}
					},
				},
			},
			element("h2", {}, icon("plus"), "New collection"),
			element(
				"div",
				{ class: "field-grid" },
				field("Name", name),
				field("Description (optional)", description),
			),
			make,
		);
	}
}

const accessWords = { owner: "yours", write: "can edit", read: "read only" };

function card({ id, name, description, documents, chunks, access }) {
	return element(
		"li",
		{},
		element(
			"a",
			{ class: "card", href: `#/collections/${encodeURIComponent(id)}` },
			element("strong", {}, name),
			description ? element("p", {}, description) : null,
			element(
				"p",
				{ class: "aside" },
				`${counted(documents, "document")} · ${counted(chunks, "passage")} · ${accessWords[access] ?? access}`,
			),
		),
	);
}
