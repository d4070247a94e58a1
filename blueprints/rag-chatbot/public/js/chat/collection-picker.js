import { element } from "../page/element.js";
import { counted } from "../page/words.js";

const stored = "rag-searched";

/** Which collections a question searches; all until somebody chooses. Kept in this browser. */
export class CollectionPicker {
	#all = [];
	#left;
	#summary = element("summary", {}, "All collections");
	#list = element("div", {
		class: "picker-list",
		role: "group",
		"aria-label": "Collections to search",
	});

	constructor() {
		try {
			this.#left = new Set(JSON.parse(localStorage.getItem(stored) ?? "[]"));
		} catch {
			// Somebody wrote something else there.
			this.#left = new Set();
		}
		this.node = element(
			"details",
			{
				class: "picker",
				on: {
					keydown: (event) => {
						if (event.key !== "Escape") return;
						this.node.open = false;
						this.#summary.focus();
					},
				},
			},
			this.#summary,
			this.#list,
		);
	}

	/** Ids to search, null for all. */
	get chosen() {
		if (this.#all.every(({ id }) => !this.#left.has(id))) return null;
		return this.#all.map(({ id }) => id).filter((id) => !this.#left.has(id));
	}

	show(collections) {
		this.#all = collections;
		this.node.hidden = collections.length === 0;
		this.#list.replaceChildren(
			...collections.map(({ id, name, documents }) =>
				element(
					"label",
					{},
					element("input", {
						type: "checkbox",
						checked: !this.#left.has(id),
						on: { change: (event) => this.#choose(id, event.target.checked) },
					}),
					element("span", { class: "cut" }, name),
					element("span", { class: "aside" }, counted(documents, "page")),
				),
			),
		);
		this.#draw();
	}

	#choose(id, isChosen) {
		if (isChosen) this.#left.delete(id);
		else this.#left.add(id);
		localStorage.setItem(stored, JSON.stringify([...this.#left]));
		this.#draw();
	}

	#draw() {
		const { chosen } = this;
		const names = this.#all.filter(({ id }) => chosen?.includes(id));
		this.#summary.textContent =
			chosen === null
				? "All collections"
				: names.length === 0
					? "No collection"
					: names.length === 1
						? names[0].name
						: `${names.length} collections`;
	}
}
