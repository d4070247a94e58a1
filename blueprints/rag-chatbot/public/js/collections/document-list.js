import { element, iconButton } from "../page/element.js";
import { confirmed, empty, fill, toast } from "../page/states.js";
import { counted, moment, sourceName } from "../page/words.js";

/** What is in a collection, a hundred at a time. */
export class DocumentList {
	#parts;
	#list = element("ul", { class: "documents" });
	#body = element("div", {});
	#more;

	/** `parts`: api, path, panel, canWrite, onChange. */
	constructor(parts) {
		this.#parts = parts;
		this.node = element(
			"section",
			{ class: "card", "aria-labelledby": "documents-title" },
			element("h2", { id: "documents-title" }, "Documents"),
			this.#body,
		);
	}

	open() {
		return fill(this.#body, async () => {
			this.#list.replaceChildren();
			this.#more = element("button", { type: "button" }, "Show more");
			const cursor = await this.#load(null);
			if (this.#list.children.length === 0)
				return empty(
					"Empty",
					"Nothing has been read into this collection yet.",
				);
			this.#continueFrom(cursor);
			return [this.#list, this.#more];
		});
	}

	#continueFrom(cursor) {
		this.#more.hidden = cursor === null;
		this.#more.onclick = async () => {
			this.#more.disabled = true;
			try {
				this.#continueFrom(await this.#load(cursor));
			} catch (error) {
				toast(error.message, "problem");
			} finally {
				this.#more.disabled = false;
			}
		};
	}

	async #load(after) {
		const { api, path } = this.#parts;
		const query = new URLSearchParams({ limit: "100" });
		if (after !== null) query.set("cursor", after);
		const { documents, cursor } = await api.get(`${path}/documents?${query}`);
		this.#list.append(...documents.map((document) => this.#row(document)));
		return cursor ?? null;
	}

	#row(document) {
		const { id, title, source, url, state, problem, chunks, checkedAt } =
			document;
		const name = title || sourceName(source);
		return element(
			"li",
			{},
			element(
				"div",
				{ class: "document" },
				element(
					"button",
					{
						type: "button",
						class: "link cut",
						on: {
							click: (event) =>
								this.#parts.panel.open(
									{
										documentId: id,
										title: name,
										url,
										text: null,
										start: null,
										end: null,
									},
									event.currentTarget,
								),
						},
					},
					name,
				),
				element(
					"p",
					{ class: "aside cut" },
					`${sourceName(source)} · ${counted(chunks, "passage")} · looked at ${moment(checkedAt)}`,
				),
				state === "failed" && problem
					? element("p", { class: "failure" }, problem.message)
					: null,
			),
			this.#parts.canWrite
				? iconButton("trash", `Delete “${name}”`, (event) =>
						this.#remove(id, name, event.currentTarget.closest("li")),
					)
				: null,
		);
	}

	async #remove(id, name, row) {
		if (!(await confirmed(`Delete “${name}” from the collection?`, "Delete")))
			return;
		try {
			await this.#parts.api.delete(`/v1/documents/${encodeURIComponent(id)}`);
			row.remove();
			this.#parts.onChange();
		} catch (error) {
			toast(error.message, "problem");
		}
	}
}
