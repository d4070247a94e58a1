import { element, field } from "../page/element.js";
import { empty, fill } from "../page/states.js";
import { counted } from "../page/words.js";
import { MapView } from "./map-view.js";
import { similarityForm } from "./similarity.js";

/** What the embedding model makes of texts: how alike some are, and a map of a collection. */
export class ExplorerView {
	#api;
	#panel;
	#map = null;
	#place = element("div", {});
	#picker = element("div", {});

	constructor({ api, panel }) {
		this.#api = api;
		this.#panel = panel;
		this.node = element(
			"section",
			{ class: "room", "aria-labelledby": "explorer-title" },
			element("h1", { id: "explorer-title" }, "Explorer"),
			element(
				"section",
				{ class: "card" },
				element("h2", {}, "Map of a collection"),
				element(
					"p",
					{ class: "aside" },
					"Each point is a passage; passages that say the like are near each other. Colours tell documents apart.",
				),
				this.#picker,
				this.#place,
			),
			similarityForm(api),
		);
	}

	open() {
		return fill(this.#picker, async () => {
			const { collections } = await this.#api.get("/v1/collections");
			const filled = collections.filter(({ chunks }) => chunks > 0);
			if (filled.length === 0)
				return empty("No map yet", "Add pages to a collection first.");
			const select = element(
				"select",
				{ on: { change: () => this.#show(select.value) } },
				filled.map(({ id, name }) => element("option", { value: id }, name)),
			);
			this.#show(select.value);
			return field("Collection", select);
		});
	}

	close() {
		this.#map?.close();
	}

	#show(id) {
		return fill(this.#place, async () => {
			const { points, chunks } = await this.#api.get(
				`/v1/collections/${encodeURIComponent(id)}/map`,
			);
			this.#map?.close();
			if (points.length === 0)
				return empty("No points", "There are no passages in it.");
			this.#map = new MapView(points, (point, opener) =>
				this.#panel.open(
					{ ...point, url: null, text: null, start: null, end: null },
					opener,
				),
			);
			const note =
				points.length < chunks
					? `${counted(points.length, "passage")} of ${chunks.toLocaleString()}, spread evenly`
					: counted(points.length, "passage");
			return [this.#map.node, element("p", { class: "aside" }, note)];
		});
	}
}
