import { element } from "../page/element.js";
import { duration } from "../page/words.js";

const names = {
	rewrite: "Understand the question",
	embed: "Embed it",
	search: "Search",
	rerank: "Rerank",
	pack: "Choose passages",
	reading: "Wait for the last pages",
	first_token: "First word",
	answer: "Write the answer",
};

/** How long each stage took, folded away. */
export function stagesView(stages, total) {
	const longest = Math.max(1, ...stages.map(({ ms }) => ms));
	return element(
		"details",
		{ class: "stages" },
		element("summary", {}, `Answered in ${total}`),
		element(
			"table",
			{},
			element(
				"tbody",
				{},
				stages.map(({ stage, ms, detail }) => {
					const bar = element("span", { class: "bar" });
					bar.style.width = `${Math.max(1, (100 * ms) / longest)}%`;
					return element(
						"tr",
						{},
						element("th", { scope: "row" }, names[stage] ?? stage),
						element("td", { class: "figure" }, duration(ms)),
						element("td", { class: "bars", "aria-hidden": "true" }, bar),
						element("td", { class: "aside" }, detail ?? ""),
					);
				}),
			),
		),
	);
}
