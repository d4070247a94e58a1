import { element, iconButton } from "../page/element.js";
import { toast } from "../page/states.js";
import { duration, sourceName } from "../page/words.js";
import { addCitationChips } from "./citation-chips.js";
import { readingLine } from "./reading-notice.js";
import { stagesView } from "./stages-view.js";

export function questionView(text) {
	return element(
		"article",
		{ class: "message question", "aria-label": "You" },
		element("p", {}, text),
	);
}

const kinds = {
	extractive: "Quoted from the pages",
	none: "Not in these pages",
};

/** Stages whose detail is what was missing. */
const missing = new Set(["embed", "rerank", "answer"]);

/** One answer; `show` draws it again as it grows. */
export class AnswerView {
	#parts;
	#body = element("div", { class: "prose" });
	#foot = element("div", { class: "answer-foot" });
	#shown = 0;
	#timer = null;
	#waiting = null;

	/** `parts`: markdown, onSource(citation, chip), onRate(messageId, rating, comment), onRetry or null. */
	constructor(parts) {
		this.#parts = parts;
		this.node = element(
			"article",
			{ class: "message answer", "aria-label": "Answer" },
			this.#body,
			this.#foot,
		);
	}

	/** Soon; laying out a long text takes time, so it waits longer the longer that takes. */
	show(answer) {
		this.#waiting = answer;
		if (answer.state !== "waiting" && answer.state !== "writing") {
			clearTimeout(this.#timer);
			this.#timer = null;
			this.#draw();
			return;
		}
		this.#timer ??= setTimeout(
			() => {
				this.#timer = null;
				this.#draw();
			},
			Math.max(30, this.#shown * 4),
		);
	}

	#draw() {
		const answer = this.#waiting;
		const began = performance.now();
		const isOpen = answer.state === "waiting" || answer.state === "writing";
		this.node.setAttribute("aria-busy", String(isOpen));
		this.node.dataset.state = answer.state;
		if (answer.text === "" && isOpen) {
			this.#body.replaceChildren(
				element(
					"p",
					{ class: "thinking" },
					element("span", { class: "spinner", "aria-hidden": "true" }),
					waitingFor(answer.stages.at(-1)),
				),
			);
		} else {
			const text = this.#parts.markdown.render(answer.text);
			addCitationChips(text, answer.citations, this.#parts.onSource);
			this.#body.replaceChildren(text);
		}
		this.#foot.replaceChildren(...(isOpen ? [] : this.#footOf(answer)));
		this.#shown = performance.now() - began;
	}

	#footOf(answer) {
		const { onRetry } = this.#parts;
		const foot = [];
		if (answer.state === "stopped")
			foot.push(element("p", { class: "aside" }, "Stopped."));
		if (answer.state === "failed")
			foot.push(
				element(
					"div",
					{ class: "failure", role: "alert" },
					element("p", {}, answer.problem ?? "The answer broke off."),
					onRetry &&
						element(
							"button",
							{ type: "button", on: { click: onRetry } },
							"Ask again",
						),
				),
			);
		if (answer.reading.length > 0) foot.push(this.#notYet(answer));
		else if (kinds[answer.kind])
			foot.push(element("p", { class: "aside" }, kinds[answer.kind]));
		for (const { stage, detail } of answer.stages)
			if (detail && missing.has(stage))
				foot.push(element("p", { class: "notice" }, detail));
		if (answer.citations.length > 0) foot.push(this.#sources(answer));
		const total = answer.stages.reduce(
			(sum, { stage, ms }) => (stage === "first_token" ? sum : sum + ms),
			0,
		);
		foot.push(
			element(
				"div",
				{ class: "answer-tools" },
				answer.messageId === null ? null : this.#rating(answer),
				iconButton("copy", "Copy the answer", async () => {
					await navigator.clipboard.writeText(answer.text);
					toast("Copied");
				}),
				answer.stages.length === 0
					? null
					: stagesView(answer.stages, duration(total)),
			),
		);
		return foot;
	}

	/** What is still read may answer better. */
	#notYet({ reading }) {
		const { onRetry } = this.#parts;
		return element(
			"div",
			{ class: "not-yet" },
			element("p", { class: "aside" }, readingLine(asCollections(reading))),
			onRetry &&
				element(
					"button",
					{ type: "button", on: { click: onRetry } },
					"Ask again",
				),
		);
	}

	#sources({ citations }) {
		const first = new Map();
		for (const citation of citations)
			if (!first.has(citation.number)) first.set(citation.number, citation);
		return element(
			"ul",
			{ class: "sources", "aria-label": "Sources" },
			[...first.values()]
				.sort((one, other) => one.number - other.number)
				.map((citation) =>
					element(
						"li",
						{},
						element(
							"button",
							{
								type: "button",
								class: "source",
								on: {
									click: (event) =>
										this.#parts.onSource(citation, event.currentTarget),
								},
							},
							element("span", { class: "number" }, String(citation.number)),
							element(
								"span",
								{ class: "cut" },
								citation.title || sourceName(citation.url ?? ""),
							),
						),
					),
				),
		);
	}

	#rating({ messageId, rating }) {
		let now = rating;
		const comment = element("form", { class: "comment", hidden: true });
		const input = element("input", {
			"aria-label": "What was wrong?",
			placeholder: "What was wrong? (optional)",
			maxlength: "2000",
		});
		comment.append(input, element("button", { type: "submit" }, "Send"));
		const up = iconButton("up", "Good answer", () => rate(1));
		const down = iconButton("down", "Bad answer", () => rate(-1));
		const draw = () => {
			up.setAttribute("aria-pressed", String(now === 1));
			down.setAttribute("aria-pressed", String(now === -1));
		};
		const rate = async (wanted) => {
			const before = now;
			now = now === wanted ? null : wanted;
			draw();
			comment.hidden = now !== -1;
			if (now === -1) input.focus();
			try {
				await this.#parts.onRate(messageId, now, null);
			} catch (error) {
				now = before;
				draw();
				toast(error.message, "problem");
			}
		};
		comment.addEventListener("submit", async (event) => {
			event.preventDefault();
			try {
				await this.#parts.onRate(messageId, -1, input.value.trim() || null);
				comment.hidden = true;
				toast("Thank you");
			} catch (error) {
				toast(error.message, "problem");
			}
		});
		draw();
		return element("div", { class: "rating" }, up, down, comment);
	}
}

function waitingFor(stage) {
	// Then the last pages are waited for, where some are still read.
	if (stage?.stage === "pack" && stage.detail === "0 passages")
		return "Looking once more…";
	return stageWords[stage?.stage] ?? "Searching the pages…";
}

/** As the notice above the line to write in has them. */
function asCollections(reading) {
	return reading.map(({ name, pages, done }) => ({
		name,
		reading: { pages, done },
	}));
}

/** What is going on once a stage is over. */
const stageWords = {
	rewrite: "Searching the pages…",
	embed: "Searching the pages…",
	search: "Ranking passages…",
	rerank: "Choosing passages…",
	pack: "Writing…",
	reading: "Searching the pages…",
};
