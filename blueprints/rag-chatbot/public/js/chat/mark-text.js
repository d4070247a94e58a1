/** Marks a text inside a node, whatever elements it runs through; white space may differ. Says whether it was found. */
export function markText(root, wanted) {
	const letters = [];
	const places = [];
	const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const node = walker.currentNode;
		if (node.parentElement?.closest("button")) continue;
		for (let index = 0; index < node.data.length; index++) {
			if (/\s/.test(node.data[index])) continue;
			letters.push(node.data[index]);
			places.push({ node, index });
		}
	}
	const sought = wanted.replace(/\s+/g, "");
	if (sought === "") return false;
	const at = letters.join("").indexOf(sought);
	if (at === -1) return false;
	const first = places[at];
	const last = places[at + sought.length - 1];
	const nodes = new Set(
		places.slice(at, at + sought.length).map(({ node }) => node),
	);
	for (const node of nodes) {
		const from = node === first.node ? first.index : 0;
		const to = node === last.node ? last.index + 1 : node.data.length;
		const tail = node.splitText(from);
		tail.splitText(to - from);
		const mark = document.createElement("mark");
		tail.replaceWith(mark);
		mark.append(tail);
	}
	return true;
}
