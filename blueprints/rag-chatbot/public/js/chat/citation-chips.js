import { element } from "../page/element.js";
import { citationFinder } from "./answer-state.js";

const mark = /\[(\d{1,3})\]/g;

/** Makes buttons of the marks `[1]` in rendered text, where there is such a citation. Code and links stay as they are. */
export function addCitationChips(root, citations, onOpen) {
	if (citations.length === 0) return;
	const find = citationFinder(citations);
	const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, {
		acceptNode: (node) =>
			node.parentElement?.closest("code, pre, a")
				? NodeFilter.FILTER_REJECT
				: NodeFilter.FILTER_ACCEPT,
	});
	const texts = [];
	while (walker.nextNode()) texts.push(walker.currentNode);
	for (const node of texts) {
		const pieces = [];
		let from = 0;
		for (const { index, 0: written, 1: number } of node.data.matchAll(mark)) {
			const citation = find(Number(number));
			if (citation === null) continue;
			pieces.push(node.data.slice(from, index), chip(citation, onOpen));
			from = index + written.length;
		}
		if (pieces.length === 0) continue;
		node.replaceWith(...pieces, node.data.slice(from));
	}
}

function chip(citation, onOpen) {
	return element(
		"button",
		{
			type: "button",
			class: "chip",
			title: citation.title,
			"aria-label": `Source ${citation.number}: ${citation.title}`,
			on: { click: (event) => onOpen(citation, event.currentTarget) },
		},
		String(citation.number),
	);
}
