import { element, field } from "../page/element.js";

const mostTexts = 64;
const samples = [
	"How do I start a model?",
	"Run a model with one command",
	"The cache is full",
	"Bake bread at 220 degrees",
].join("\n");

/** Texts in lines, and a table of how alike each two are. */
export function similarityForm(api) {
	const input = element("textarea", { rows: "5", required: true });
	input.value = samples;
	const result = element("div", {});
	const compare = element("button", { class: "primary" }, "Compare");
	const problem = element("p", {
		class: "failure",
		role: "alert",
		hidden: true,
	});
	return element(
		"form",
		{
			class: "card",
			on: {
				submit: async (event) => {
					event.preventDefault();
					const texts = input.value
						.split("\n")
						.map((text) => text.trim())
						.filter((text) => text !== "");
					problem.hidden = true;
					compare.disabled = true;
					try {
						if (texts.length < 2 || texts.length > mostTexts)
							throw new Error(`Give 2 to ${mostTexts} texts, one a line.`);
						const { matrix } = await api.post("/v1/explore/similarity", {
							texts,
						});
						result.replaceChildren(matrixTable(texts, matrix));
					} catch (error) {
						problem.textContent = error.message;
						problem.hidden = false;
					} finally {
						compare.disabled = false;
					}
				},
			},
		},
		element("h2", {}, "Similarity of texts"),
		field(
			"Texts, one a line",
			input,
			"1 is the same to the embedding model, 0 has nothing in common.",
		),
		problem,
		compare,
		result,
	);
}

function matrixTable(texts, matrix) {
	return element(
		"div",
		{
			class: "table-frame",
			tabindex: "0",
			role: "region",
			"aria-label": "Similarity",
		},
		element(
			"table",
			{ class: "matrix" },
			element(
				"thead",
				{},
				element(
					"tr",
					{},
					element("td", {}),
					texts.map((text, index) =>
						element("th", { scope: "col", title: text }, String(index + 1)),
					),
				),
			),
			element(
				"tbody",
				{},
				texts.map((text, row) =>
					element(
						"tr",
						{},
						element("th", { scope: "row", title: text }, `${row + 1}. ${text}`),
						texts.map((_, column) => cell(matrix[row][column])),
					),
				),
			),
		),
	);
}

function cell(value) {
	const node = element("td", {}, value.toFixed(2));
	// Half the colour at most: the figure stays readable.
	const share = Math.round(50 * Math.max(0, Math.min(1, value)));
	node.style.setProperty("--share", `${share}%`);
	return node;
}
