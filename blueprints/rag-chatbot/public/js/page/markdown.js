import createPurifier from "/vendor/dompurify.js";
import { Marked } from "/vendor/marked.js";
import { element, iconButton } from "./element.js";
import { toast } from "./states.js";

const sanitizing = {
	ALLOWED_TAGS:
		"p br hr h1 h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li table thead tbody tr th td a sup sub".split(
			" ",
		),
	// No classes, ids or styles: a text must not dress up as part of the page. No images: fetching one tells its server.
	ALLOWED_ATTR: ["href", "title", "start", "align"],
	ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
	ALLOW_DATA_ATTR: false,
	ALLOW_ARIA_ATTR: false,
	RETURN_DOM_FRAGMENT: true,
};

/** Beyond this a text is shown as it is: laying it out would stop the page. */
const longestText = 200_000;

/** Markdown of strangers, made into nodes that can do nothing but be read. */
export class Markdown {
	#marked = new Marked({ gfm: true });
	#purifier = createPurifier(window);

	constructor() {
		this.#marked.use({
			renderer: {
				// The words of an image are kept, the image isn't fetched.
				image: ({ text, title }) => escaped(text || title || ""),
			},
		});
		this.#purifier.addHook("afterSanitizeAttributes", (node) => {
			if (node.tagName !== "A") return;
			if (!node.hasAttribute("href")) return;
			node.setAttribute("target", "_blank");
			node.setAttribute("rel", "noopener noreferrer nofollow");
		});
	}

	/** A fragment of the whole text. */
	render(text) {
		if (text.length > longestText) return plain(text.slice(0, longestText));
		let html;
		try {
			html = this.#marked.parse(text);
		} catch {
			// Nested deeper than the parser's stack.
			return plain(text);
		}
		return this.#finish(html);
	}

	/** Its top-level blocks: `{start, end, raw, nodes()}`, places in the text. */
	blocks(text) {
		let tokens;
		try {
			tokens = this.#marked.lexer(text);
		} catch {
			return [
				{ start: 0, end: text.length, raw: text, nodes: () => plain(text) },
			];
		}
		const blocks = [];
		let at = 0;
		for (const token of tokens) {
			// The lexer changes tabs and line ends: places are found again.
			const found = text.indexOf(token.raw.slice(0, 64), at);
			const start = found === -1 ? at : found;
			at = Math.min(text.length, start + token.raw.length);
			if (token.type === "space") continue;
			const only = Object.assign([token], { links: tokens.links });
			blocks.push({
				start,
				end: at,
				raw: token.raw,
				nodes: () => this.#finish(this.#marked.parser(only)),
			});
		}
		return blocks;
	}

	#finish(html) {
		const fragment = this.#purifier.sanitize(html, sanitizing);
		for (const table of fragment.querySelectorAll("table")) {
			const frame = element("div", {
				class: "table-frame",
				tabindex: "0",
				role: "region",
				"aria-label": "Table",
			});
			table.replaceWith(frame);
			frame.append(table);
		}
		for (const pre of fragment.querySelectorAll("pre")) {
			const frame = element("div", { class: "code-frame" });
			pre.replaceWith(frame);
			pre.setAttribute("tabindex", "0");
			frame.append(
				pre,
				iconButton("copy", "Copy", async () => {
					await navigator.clipboard.writeText(pre.textContent);
					toast("Copied");
				}),
			);
		}
		return fragment;
	}
}

function plain(text) {
	const fragment = document.createDocumentFragment();
	fragment.append(element("p", { class: "plain" }, text));
	return fragment;
}

function escaped(text) {
	return text.replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
