import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Collection, everybody } from "galley/store";
import type { Application } from "../application.ts";
import type { UploadedFile } from "../ingest/ingest-runner.ts";
import { isOpen } from "../jobs/job.ts";
import { ServiceError } from "../services/endpoint.ts";

export const starterName = "galley-docs";
/** No key has this name; without keys it is the only user's. */
const starterOwner = "system:starter";
const note = "starter-docs";

export interface StarterOptions {
	say(text: string): void;
	/** Where Galley is installed. */
	packageDirectory?: string;
	/** Between two looks whether the embedding service is up. */
	waitMs?: number;
}

/** The first collection: Galley's own documentation, so that the first question has an answer. */
export class StarterDocs {
	readonly #application: Application;
	readonly #options: StarterOptions;
	readonly #stop = new AbortController();

	constructor(application: Application, options: StarterOptions) {
		this.#application = application;
		this.#options = options;
	}

	stop(): void {
		this.#stop.abort();
	}

	/** Makes it at first start, and reads it anew when Galley's version has changed. One that was deleted stays so. */
	async ensure(): Promise<void> {
		const directory = this.#options.packageDirectory ?? packageDirectory();
		const version = await readVersion(directory);
		const done = await this.#note();
		if (done === version) return;
		try {
			const collection = await this.#collection(done !== null);
			if (collection !== null) await this.#read(collection, directory);
			await this.#application.database.query(
				"insert into rag_notes (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
				[note, version],
			);
		} catch (error) {
			if (!this.#stop.signal.aborted) throw error;
		}
	}

	get #principal() {
		const hasKeys = this.#application.config.apiKeys.size > 0;
		return { id: hasKeys ? starterOwner : "local" };
	}

	async #note(): Promise<string | null> {
		const [row] = await this.#application.database.query<{ value: string }>(
			"select value from rag_notes where name = $1",
			[note],
		);
		return row?.value ?? null;
	}

	async #collection(wasThere: boolean): Promise<Collection | null> {
		const { base, embeddings } = this.#application;
		const principal = this.#principal;
		const all = await base.collections.list(principal);
		const known = all.find(
			({ name, role }) => name === starterName && role === "owner",
		);
		if (known !== undefined || wasThere) return known ?? null;
		const dimensions = await this.#dimensions();
		const collection = await base.collections.create(principal, {
			name: starterName,
			description: "Galley's documentation",
			embeddingModel: embeddings.endpoint.model,
			dimensions,
		});
		await base.collections.grant(principal, collection.id, {
			grantee: everybody,
			role: "reader",
		});
		return collection;
	}

	/** Waits for the embedding service: it is often started beside this server, and takes longer. */
	async #dimensions(): Promise<number> {
		const { say, waitMs = 3000 } = this.#options;
		const { signal } = this.#stop;
		for (let isFirst = true; ; isFirst = false) {
			try {
				const vector = await this.#application.embeddings.embedQuery(
					"probe",
					signal,
				);
				return vector.length;
			} catch (error) {
				if (!(error instanceof ServiceError)) throw error;
				if (isFirst)
					say(
						`Galley's documentation is read once the embedding service is there. ${error.message}`,
					);
				await delay(waitMs, undefined, { signal });
			}
		}
	}

	async #read(collection: Collection, directory: string): Promise<void> {
		const { jobs } = this.#application;
		const open = (await jobs.list(collection.id)).find(isOpen);
		const files = await readDocs(directory);
		const job =
			open ??
			(await jobs.add({
				principal: this.#principal.id,
				collectionId: collection.id,
				task: { kind: "files", files: files.map(({ source }) => source) },
				files,
			}));
		for await (const event of jobs.watch(job, this.#stop.signal))
			if (event.type === "end") {
				const { state, counts } = event.job;
				// Without the note it is tried again at the next start.
				if (state !== "finished" || counts.failed > 0)
					throw new Error(
						`${counts.failed} of ${counts.pages} files could not be read into ${starterName}; the page shows why.`,
					);
				this.#options.say(
					`${counts.pages} files of Galley's documentation are in the collection ${starterName}.`,
				);
			}
		this.#stop.signal.throwIfAborted();
	}
}

function packageDirectory(): string {
	const store = fileURLToPath(import.meta.resolve("galley/store"));
	// dist/store/index.js
	return join(dirname(store), "..", "..");
}

async function readVersion(directory: string): Promise<string> {
	const text = await readFile(join(directory, "package.json"), "utf8");
	const { version } = JSON.parse(text) as { version: string };
	return version;
}

/** Read first, for those who ask at once. */
const questions = "questions.md";

/** README.md and docs/, Markdown only; not how it was once decided. */
async function readDocs(directory: string): Promise<UploadedFile[]> {
	const docs = join(directory, "docs");
	const inDocs = (await readdir(docs, { withFileTypes: true }))
		.filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
		.map(({ name }) => join(docs, name));
	const first = [join(docs, questions), join(directory, "README.md")];
	const place = (path: string) =>
		first.includes(path) ? first.indexOf(path) : first.length;
	const paths = [join(directory, "README.md"), ...inDocs].toSorted(
		(one, other) => place(one) - place(other) || one.localeCompare(other),
	);
	const documents: UploadedFile[] = [];
	for (const path of paths)
		documents.push({
			source: `galley:${relative(directory, path).replaceAll(sep, "/")}`,
			contentType: "text/markdown",
			body: await readFile(path),
		});
	return documents;
}
