import { element } from "../page/element.js";
import { confirmed, failure, loading, toast } from "../page/states.js";
import { counted } from "../page/words.js";
import { DocumentList } from "./document-list.js";
import { ingestForm } from "./ingest-form.js";
import { JobView } from "./job-view.js";
import { sharing } from "./sharing.js";

const jobsShown = 5;

/** One collection: add pages, watch them being read, see and delete what is there. */
export class CollectionView {
	#api;
	#panel;
	#path;
	#jobs = element("div", { class: "jobs" });
	#views = [];
	#documents;
	#facts = element("p", { class: "aside" });

	constructor({ api, panel }, id) {
		this.#api = api;
		this.#panel = panel;
		this.#path = `/v1/collections/${encodeURIComponent(id)}`;
		this.node = element("section", { class: "room" }, loading());
	}

	async open() {
		try {
			const [collection, { jobs }] = await Promise.all([
				this.#api.get(this.#path),
				this.#api.get(`${this.#path}/jobs`),
			]);
			this.#show(collection, jobs);
		} catch (error) {
			this.node.replaceChildren(
				element("a", { href: "#/collections" }, "All collections"),
				failure(error, () => this.open()),
			);
		}
	}

	close() {
		for (const view of this.#views) view.close();
	}

	#show(collection, jobs) {
		const { access, name, description } = collection;
		const canWrite = access !== "read";
		this.#documents = new DocumentList({
			api: this.#api,
			path: this.#path,
			panel: this.#panel,
			canWrite,
			onChange: () => this.#refreshFacts(),
		});
		this.#showFacts(collection);
		this.#views = [];
		this.#jobs.replaceChildren();
		for (const job of jobs.slice(0, jobsShown).toReversed()) this.#watch(job);
		this.node.replaceChildren(
			element(
				"a",
				{ href: "#/collections", class: "back" },
				"← All collections",
			),
			element("h1", {}, name),
			description ? element("p", {}, description) : "",
			this.#facts,
			canWrite
				? ingestForm(async (body) => {
						const { job } = await this.#api.post(`${this.#path}/ingest`, body);
						this.#watch(job);
					})
				: "",
			this.#jobs,
			this.#documents.node,
			access === "owner" ? sharing(this.#api, this.#path) : "",
			access === "owner"
				? element(
						"button",
						{
							type: "button",
							class: "danger",
							on: { click: () => this.#remove(name) },
						},
						"Delete the collection",
					)
				: "",
		);
		this.#documents.open();
	}

	#watch(job) {
		const view = new JobView(this.#api, job, () => {
			this.#refreshFacts();
			this.#documents.open();
		});
		this.#views.push(view);
		this.#jobs.prepend(view.node);
	}

	async #refreshFacts() {
		try {
			this.#showFacts(await this.#api.get(this.#path));
		} catch (error) {
			toast(error.message, "problem");
		}
	}

	#showFacts({ documents, chunks, embeddingModel }) {
		this.#facts.textContent = `${counted(documents, "document")} · ${counted(chunks, "passage")} · embedded with ${embeddingModel}`;
	}

	async #remove(name) {
		if (!(await confirmed(`Delete “${name}” and all its documents?`, "Delete")))
			return;
		try {
			await this.#api.delete(this.#path);
			toast("Deleted");
			location.hash = "#/collections";
		} catch (error) {
			toast(error.message, "problem");
		}
	}
}
