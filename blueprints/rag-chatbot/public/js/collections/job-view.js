import { element } from "../page/element.js";
import { toast } from "../page/states.js";
import { counted, moment, sourceName } from "../page/words.js";

/** Rows beyond this make the page slow; counts stay right. */
const rowsShown = 300;
const stateWords = {
	waiting: "waiting",
	fetching: "fetching",
	reading: "reading",
	embedding: "embedding",
	stored: "stored",
	unchanged: "unchanged",
	removed: "removed",
	failed: "failed",
};
const jobWords = {
	waiting: "waiting",
	running: "reading",
	finished: "done",
	cancelled: "cancelled",
	failed: "failed",
};

/** A job while it runs and after: its counts, its pages, and why some failed. */
export class JobView {
	#api;
	#job;
	#onEnd;
	#pages = new Map();
	#rows = new Map();
	#leaving = new AbortController();
	#badge = element("span", { class: "badge", role: "status" });
	#bar = element("progress", { "aria-label": "Pages done" });
	#counts = element("p", { class: "aside counts" });
	#problem = element("p", { class: "failure", role: "alert", hidden: true });
	#list = element("ul", { class: "pages" });
	#details;
	#cancel;
	#isDrawn = true;

	constructor(api, job, onEnd) {
		this.#api = api;
		this.#job = job;
		this.#onEnd = onEnd;
		this.#cancel = element(
			"button",
			{ type: "button", on: { click: () => this.#stop() } },
			"Cancel",
		);
		this.#details = element(
			"details",
			{ open: !this.#isOver, on: { toggle: () => this.#toggled() } },
			element("summary", {}, "Pages"),
			this.#list,
		);
		this.node = element(
			"article",
			{ class: "card job", "aria-label": `Job: ${job.label}` },
			element(
				"header",
				{},
				element("strong", { class: "cut" }, job.label),
				this.#badge,
				this.#cancel,
			),
			this.#bar,
			this.#counts,
			this.#problem,
			this.#details,
		);
		this.#draw();
		if (!this.#isOver) this.#follow();
	}

	close() {
		this.#leaving.abort();
	}

	get #isOver() {
		return !["waiting", "running"].includes(this.#job.state);
	}

	#path(rest = "") {
		return `/v1/jobs/${encodeURIComponent(this.#job.id)}${rest}`;
	}

	/** Goes on listening after the connection broke: the job itself goes on. */
	async #follow() {
		const { signal } = this.#leaving;
		for (
			let waitMs = 500;
			!signal.aborted;
			waitMs = Math.min(waitMs * 2, 15_000)
		) {
			try {
				for await (const { event, data } of this.#api.events(
					this.#path("/events"),
					{ signal },
				)) {
					waitMs = 500;
					if (event === "page") {
						this.#pages.set(data.page.source, data.page);
						this.#job = { ...this.#job, state: "running", counts: data.counts };
						this.#soon();
					} else if (event === "end") {
						this.#job = data;
						this.#draw();
						this.#onEnd();
						return;
					}
				}
			} catch (error) {
				if (error.name === "AbortError") return;
				this.#counts.textContent = `${error.message} Trying again…`;
				if (error.status >= 400 && error.status < 500) return;
			}
			await new Promise((resolve) => setTimeout(resolve, waitMs));
		}
	}

	/** A finished job's pages are fetched when somebody looks. */
	async #toggled() {
		if (!this.#details.open || !this.#isOver || this.#pages.size > 0) return;
		try {
			const { pages } = await this.#api.get(this.#path());
			for (const page of pages) this.#pages.set(page.source, page);
			this.#draw();
		} catch (error) {
			toast(error.message, "problem");
		}
	}

	async #stop() {
		this.#cancel.disabled = true;
		try {
			this.#job = await this.#api.delete(this.#path());
			this.#draw();
			if (this.#isOver) this.#onEnd();
		} catch (error) {
			toast(error.message, "problem");
		} finally {
			this.#cancel.disabled = false;
		}
	}

	#soon() {
		if (!this.#isDrawn) return;
		this.#isDrawn = false;
		setTimeout(() => this.#draw(), 60);
	}

	#draw() {
		this.#isDrawn = true;
		const { state, counts, problem, nextRunAt } = this.#job;
		const done =
			counts.stored + counts.unchanged + counts.removed + counts.failed;
		this.#badge.textContent = jobWords[state] ?? state;
		this.#badge.className = `badge ${state}`;
		this.#bar.hidden = this.#isOver;
		this.#bar.max = Math.max(1, counts.pages);
		if (counts.pages === 0) this.#bar.removeAttribute("value");
		else this.#bar.value = done;
		this.#counts.textContent = [
			`${done} of ${counted(counts.pages, "page")}`,
			`${counts.stored} stored`,
			counts.unchanged > 0 ? `${counts.unchanged} unchanged` : null,
			counts.removed > 0 ? `${counts.removed} removed` : null,
			counts.failed > 0 ? `${counts.failed} failed` : null,
			counted(counts.chunks, "passage"),
			nextRunAt ? `again ${moment(nextRunAt)}` : null,
		]
			.filter((part) => part !== null)
			.join(" · ");
		this.#problem.hidden = !problem;
		this.#problem.textContent = problem ?? "";
		this.#cancel.hidden = this.#isOver && !nextRunAt;
		this.#cancel.textContent = this.#isOver ? "Stop repeating" : "Cancel";
		for (const page of this.#pages.values()) this.#drawPage(page);
	}

	#drawPage(page) {
		let row = this.#rows.get(page.source);
		if (row === undefined) {
			const isFailure = page.state === "failed";
			if (this.#rows.size >= rowsShown && !isFailure) return;
			row = { node: element("li", {}), state: null };
			this.#rows.set(page.source, row);
			this.#list.append(row.node);
		}
		// One that waits for the embedding service has a reason before its end.
		const state = `${page.state} ${page.problem?.message ?? ""}`;
		if (row.state === state) return;
		row.state = state;
		row.node.replaceChildren(
			element(
				"span",
				{ class: "cut", title: page.source },
				page.title || sourceName(page.source),
			),
			element(
				"span",
				{ class: `badge ${page.state}` },
				stateWords[page.state] ?? page.state,
			),
			page.problem
				? element(
						"p",
						{ class: page.state === "failed" ? "failure" : "notice" },
						page.problem.message,
					)
				: "",
		);
	}
}
