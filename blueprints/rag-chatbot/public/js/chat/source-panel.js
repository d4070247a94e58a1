import { element, icon, iconButton } from "../page/element.js";
import { fill, loading } from "../page/states.js";
import { sourceName, webAddress } from "../page/words.js";
import { markText } from "./mark-text.js";

/** Characters of a document that are shown on either side of the passage, until all of it is asked for. */
const around = 12_000;

/** The passage that a citation means, marked inside its document. */
export class SourcePanel {
	#panel;
	#api;
	#markdown;
	#opener = null;

	constructor(panel, api, markdown) {
		this.#panel = panel;
		this.#api = api;
		this.#markdown = markdown;
		panel.addEventListener("keydown", (event) => {
			if (event.key === "Escape") this.close();
		});
	}

	/** `passage`: documentId, title, url, text, start, end; `opener` gets the focus back. */
	open(passage, opener = null) {
		this.#opener = opener;
		const body = element("div", { class: "panel-body prose" });
		const closer = iconButton("close", "Close", () => this.close());
		const address = webAddress(passage.url);
		this.#panel.replaceChildren(
			element(
				"header",
				{ class: "panel-head" },
				passage.number
					? element("span", { class: "number" }, String(passage.number))
					: null,
				element("h2", { tabindex: "-1" }, passage.title || "Passage"),
				closer,
			),
			...(address === null ? [] : [sourceLink(address)]),
			body,
		);
		this.#panel.hidden = false;
		document.body.classList.add("has-panel");
		closer.focus();
		return this.#load(body, passage);
	}

	close() {
		if (this.#panel.hidden) return;
		this.#panel.hidden = true;
		this.#panel.replaceChildren();
		document.body.classList.remove("has-panel");
		this.#opener?.focus();
	}

	async #load(body, passage) {
		await fill(
			body,
			async () => {
				const { markdown, pieces } = await this.#api.get(
					`/v1/documents/${encodeURIComponent(passage.documentId)}`,
				);
				// A point of the map knows its chunk, not its place.
				const piece = pieces.find(({ id }) => id === passage.chunkId);
				const start = passage.start ?? piece?.start ?? null;
				const end = passage.end ?? piece?.end ?? null;
				if (!isStillThere(markdown, { ...passage, start, end }))
					return this.#changed(passage);
				return this.#document(markdown, start ?? 0, end ?? 0, body);
			},
			loading("Opening the document…"),
		);
		const first = body.querySelector("mark, .is-cited");
		first?.scrollIntoView({ block: "center" });
	}

	#changed({ text }) {
		return [
			element(
				"p",
				{ class: "notice" },
				"This document has changed since. The passage was:",
			),
			element("blockquote", {}, this.#markdown.render(text)),
		];
	}

	#document(markdown, start, end, body, isWhole = false) {
		const nodes = [];
		let isCut = false;
		for (const block of this.#markdown.blocks(markdown)) {
			const isNear = block.end > start - around && block.start < end + around;
			if (!isWhole && !isNear) {
				isCut = true;
				continue;
			}
			const node = element("div", { class: "block" }, block.nodes());
			if (block.start < end && block.end > start)
				this.#mark(node, block, markdown, start, end);
			nodes.push(node);
		}
		if (isCut)
			nodes.push(
				element(
					"button",
					{
						type: "button",
						on: {
							click: () =>
								body.replaceChildren(
									...this.#document(markdown, start, end, body, true),
								),
						},
					},
					"Show the whole document",
				),
			);
		return nodes;
	}

	#mark(node, block, markdown, start, end) {
		const from = Math.max(start, block.start);
		const to = Math.min(end, block.end);
		if (from <= block.start && to >= block.end - 2) {
			markText(node, node.textContent);
			return;
		}
		const piece = markdown.slice(from, to);
		const read = (text) => this.#markdown.render(text).textContent;
		// Rows without the table's head, or lines without their fence, read as something else by themselves.
		const readings = [
			() => read(piece),
			() => read(cellsOf(piece)),
			() => piece,
		];
		if (!readings.some((reading) => markText(node, reading())))
			node.classList.add("is-cited");
	}
}

/** What stands in the rows of a table. */
function cellsOf(rows) {
	return rows
		.split("\n")
		.filter((row) => !/^\s*\|?[\s:|-]+$/.test(row))
		.join(" ")
		.replace(/(?<!\\)\|/g, " ");
}

function sourceLink(address) {
	return element(
		"a",
		{
			class: "source-link",
			href: address,
			target: "_blank",
			rel: "noopener noreferrer",
		},
		icon("link"),
		element("span", { class: "cut" }, sourceName(address)),
	);
}

/** A document that was read again since may have other words in that place. */
function isStillThere(markdown, { start, end, text }) {
	if (start === null || end === null || !text) return true;
	return markdown.slice(start, end).trim() === text.trim();
}
