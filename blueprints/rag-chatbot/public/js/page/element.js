const svgNamespace = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `on` holds listeners, `class` the classes; null and false leave an attribute out. Children are nodes or
 * texts: markup in a text stays text.
 */
export function element(tag, properties = {}, ...children) {
	return build(document.createElement(tag), properties, children);
}

export function svg(tag, properties = {}, ...children) {
	return build(
		document.createElementNS(svgNamespace, tag),
		properties,
		children,
	);
}

function build(node, { on = {}, ...attributes }, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		node.setAttribute(name, value === true ? "" : String(value));
	}
	for (const [event, listener] of Object.entries(on))
		node.addEventListener(event, listener);
	node.append(
		...children.flat().filter((child) => child !== null && child !== undefined),
	);
	return node;
}

const paths = {
	chat: "M4 5h16v11H9l-5 4z",
	collections: "M4 6h16M4 12h16M4 18h10",
	explorer: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15 9l-2 4-4 2 2-4z",
	settings: "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4",
	plus: "M12 5v14M5 12h14",
	trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 11v5M13.5 11v5",
	send: "M12 19V6M6 11l6-6 6 6",
	stop: "M7 7h10v10H7z",
	up: "M8 11v8H5v-8zM8 11l4-7c2 0 2.500 1.500 2 3l-.7 3H19l-1.500 9H8",
	down: "M8 13V5H5v8zM8 13l4 7c2 0 2.500-1.500 2-3l-.7-3H19l-1.500-9H8",
	close: "M6 6l12 12M18 6L6 18",
	menu: "M4 7h16M4 12h16M4 17h16",
	theme:
		"M12 4v16M12 4a8 8 0 1 0 0 16M12 4a8 8 0 0 1 0 16M15 8h3M15.500 12H20M15 16h3",
	link: "M14 5h5v5M19 5l-8 8M11 6H6v12h12v-5",
	copy: "M9 9h10v10H9zM15 9V5H5v10h4",
	retry: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
};

export function icon(name) {
	return svg(
		"svg",
		{ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
		svg("path", { d: paths[name] }),
	);
}

export function iconButton(name, label, onClick, properties = {}) {
	return element(
		"button",
		{
			type: "button",
			class: "quiet icon-button",
			"aria-label": label,
			title: label,
			on: { click: onClick },
			...properties,
		},
		icon(name),
	);
}

/** A labelled field: the label is read with the input. */
export function field(label, input, hint = null) {
	const id = `field-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
	input.id = id;
	if (hint !== null) input.setAttribute("aria-describedby", `${id}-hint`);
	return element(
		"div",
		{ class: "field" },
		element("label", { for: id }, label),
		input,
		hint === null
			? null
			: element("p", { class: "hint", id: `${id}-hint` }, hint),
	);
}
