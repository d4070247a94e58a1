import { element, iconButton } from "../page/element.js";
import { confirmed, toast } from "../page/states.js";

/** Conversations so far, newest first, in the side bar. */
export class ConversationList {
	#api;
	#list = element("ul", { class: "conversations" });
	#current = null;
	#onRemoved;

	constructor(api, onRemoved) {
		this.#api = api;
		this.#onRemoved = onRemoved;
		this.node = element(
			"section",
			{ class: "history", "aria-label": "Conversations" },
			element("h2", {}, "Conversations"),
			this.#list,
		);
	}

	async refresh() {
		try {
			const { conversations } = await this.#api.get("/v1/conversations");
			this.#list.replaceChildren(
				...(conversations.length === 0
					? [element("li", { class: "aside" }, "None yet")]
					: conversations.map((conversation) => this.#row(conversation))),
			);
			this.select(this.#current);
		} catch (error) {
			this.#list.replaceChildren(
				element(
					"li",
					{ class: "aside" },
					error.message,
					element(
						"button",
						{
							type: "button",
							class: "quiet",
							on: { click: () => this.refresh() },
						},
						"Try again",
					),
				),
			);
		}
	}

	select(id) {
		this.#current = id;
		for (const link of this.#list.querySelectorAll("a"))
			if (link.dataset.id === id) link.setAttribute("aria-current", "page");
			else link.removeAttribute("aria-current");
	}

	#row({ id, title }) {
		const name = title || "Conversation";
		return element(
			"li",
			{},
			element(
				"a",
				{
					href: `#/chat/${encodeURIComponent(id)}`,
					"data-id": id,
					class: "cut",
				},
				name,
			),
			iconButton("trash", `Delete “${name}”`, () => this.#remove(id, name)),
		);
	}

	async #remove(id, name) {
		if (!(await confirmed(`Delete the conversation “${name}”?`, "Delete")))
			return;
		try {
			await this.#api.delete(`/v1/conversations/${encodeURIComponent(id)}`);
			this.#onRemoved(id);
			await this.refresh();
		} catch (error) {
			toast(error.message, "problem");
		}
	}
}
