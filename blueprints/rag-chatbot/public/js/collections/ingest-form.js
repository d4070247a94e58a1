import { element, field } from "../page/element.js";

const kinds = {
	urls: "Pages",
	sitemap: "Sitemap",
	crawl: "Crawl a site",
	files: "Files",
	text: "Paste text",
};

/** Says what to read; `onStart(body)` starts it and throws when it can't. */
export function ingestForm(onStart) {
	const inputs = makeInputs();
	const parts = {
		urls: [
			field("Addresses, one a line", inputs.urls),
			field("Read again", inputs.urlsAgain),
		],
		sitemap: [
			field("Address of the sitemap", inputs.sitemap),
			field("Pages at most", inputs.sitemapPages),
			field("Read again", inputs.sitemapAgain),
		],
		crawl: [
			field(
				"Where to begin, one address a line",
				inputs.starts,
				"Links are followed on the same site, below the folder of each address.",
			),
			field("Links deep", inputs.depth),
			field("Pages at most", inputs.crawlPages),
			field("Read again", inputs.crawlAgain),
		],
		files: [field("Files", inputs.files, "HTML, Markdown, text or PDF.")],
		text: [
			field("Title", inputs.title),
			field("Text or Markdown", inputs.text),
		],
	};
	const problem = element("p", {
		class: "failure",
		role: "alert",
		hidden: true,
	});
	const start = element("button", { class: "primary" }, "Read");
	const sets = Object.entries(parts).map(([kind, fields]) =>
		element(
			"fieldset",
			{ "data-kind": kind, "aria-label": kinds[kind] },
			fields,
		),
	);
	let chosen = "urls";
	const choose = (kind) => {
		chosen = kind;
		problem.hidden = true;
		for (const set of sets) {
			set.hidden = set.dataset.kind !== kind;
			// What is hidden is not asked for.
			set.disabled = set.hidden;
		}
	};
	choose(chosen);
	const form = element(
		"form",
		{
			class: "card ingest",
			on: {
				submit: async (event) => {
					event.preventDefault();
					start.disabled = true;
					problem.hidden = true;
					try {
						await onStart(bodyOf[chosen](inputs));
						for (const name of [
							"urls",
							"sitemap",
							"starts",
							"files",
							"title",
							"text",
						])
							inputs[name].value = "";
					} catch (error) {
						problem.textContent = error.message;
						problem.hidden = false;
					} finally {
						start.disabled = false;
					}
				},
			},
		},
		element("h2", {}, "Add to this collection"),
		element(
			"div",
			{ class: "segments", role: "radiogroup", "aria-label": "What to read" },
			Object.entries(kinds).map(([kind, text]) =>
				element(
					"label",
					{},
					element("input", {
						type: "radio",
						name: "kind",
						value: kind,
						checked: kind === chosen,
						on: { change: () => choose(kind) },
					}),
					element("span", {}, text),
				),
			),
		),
		sets,
		problem,
		start,
	);
	return form;
}

function makeInputs() {
	const area = (rows, placeholder = null) =>
		element("textarea", { rows, placeholder, required: true });
	const again = () =>
		element(
			"select",
			{},
			[
				["", "Never"],
				["1", "Every hour"],
				["24", "Every day"],
				["168", "Every week"],
			].map(([value, text]) => element("option", { value }, text)),
		);
	const pages = (value) =>
		element("input", {
			type: "number",
			min: "1",
			max: "100000",
			value,
			required: true,
		});
	return {
		urls: area(3, "https://example.com/guide"),
		urlsAgain: again(),
		sitemap: element("input", {
			type: "url",
			required: true,
			placeholder: "https://example.com/sitemap.xml",
		}),
		sitemapPages: pages(200),
		sitemapAgain: again(),
		starts: area(2, "https://example.com/docs/"),
		depth: element("input", {
			type: "number",
			min: "0",
			max: "50",
			value: "3",
			required: true,
		}),
		crawlPages: pages(100),
		crawlAgain: again(),
		files: element("input", {
			type: "file",
			multiple: true,
			required: true,
			accept: ".html,.htm,.xhtml,.md,.markdown,.txt,.text,.pdf",
		}),
		title: element("input", { required: true, maxlength: "200" }),
		text: area(8),
	};
}

const bodyOf = {
	urls: ({ urls, urlsAgain }) => ({
		urls: addresses(urls.value),
		...refresh(urlsAgain),
	}),
	sitemap: ({ sitemap, sitemapPages, sitemapAgain }) => ({
		sitemap: sitemap.value.trim(),
		maxPages: sitemapPages.valueAsNumber,
		...refresh(sitemapAgain),
	}),
	crawl: ({ starts, depth, crawlPages, crawlAgain }) => ({
		crawl: {
			urls: addresses(starts.value),
			maxDepth: depth.valueAsNumber,
			maxPages: crawlPages.valueAsNumber,
		},
		...refresh(crawlAgain),
	}),
	files: ({ files }) => {
		const form = new FormData();
		for (const file of files.files) form.append("files", file);
		return form;
	},
	text: ({ title, text }) => ({ title: title.value.trim(), text: text.value }),
};

function refresh({ value }) {
	return value === "" ? {} : { refreshHours: Number(value) };
}

/** Throws an error that names the line that isn't an address. */
function addresses(text) {
	const lines = text
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line !== "");
	return lines.map((line) => {
		// People leave the scheme out.
		const address = /^[a-z][a-z0-9+.-]*:/i.test(line)
			? line
			: `https://${line}`;
		if (!URL.canParse(address) || !/^https?:/i.test(address))
			throw new Error(`“${line}” is not a web address.`);
		return address;
	});
}
