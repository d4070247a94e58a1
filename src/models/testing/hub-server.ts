import { createHash } from "node:crypto";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type HubServerFaults, noFaults } from "./hub-server-faults.ts";

export interface HubServerFile {
	content: Uint8Array;
	/** Kept by git itself, as small files are: the hub then has no sha256 of it. */
	isInGit?: boolean;
}

export interface HubServerRepository {
	/** Branches and tags by name. */
	revisions: Map<string, string>;
	/** Files of each commit, by path. */
	commits: Map<string, Map<string, HubServerFile>>;
	/** Only for this token, after its licence was accepted. */
	gatedFor?: string;
}

/** A server that speaks the model hub's protocol on this machine, for tests. */
export class HubServer {
	readonly repositories = new Map<string, HubServerRepository>();
	/** Plain files under `/files/`, for addresses that are no hub. */
	readonly files = new Map<string, Uint8Array>();
	readonly faults: HubServerFaults = noFaults();
	/** Every request of the hub's and of the storage's port, in order. */
	readonly requests: {
		method: string;
		path: string;
		range: string | null;
		authorization: string | null;
		port: "hub" | "storage";
	}[] = [];
	/** Bytes of content that were handed to sockets. */
	sentBytes = 0;
	/** Digests of contents, which don't change while they are served. */
	readonly #digests = new WeakMap<Uint8Array, string>();
	/** How often each signed address was used. */
	readonly #signatures: number[] = [];
	readonly #hub: Server;
	readonly #storage: Server;

	private constructor() {
		this.#hub = createServer((request, response) =>
			this.#answer(request, response, "hub"),
		);
		this.#storage = createServer((request, response) =>
			this.#answer(request, response, "storage"),
		);
	}

	static async start(): Promise<HubServer> {
		const server = new HubServer();
		for (const one of [server.#hub, server.#storage])
			await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
		return server;
	}

	get endpoint(): string {
		return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
	}

	get #storageUrl(): string {
		return `http://127.0.0.1:${(this.#storage.address() as AddressInfo).port}`;
	}

	/** Adds a repository with one commit on `main`; returns the commit. */
	add(
		repository: string,
		files: Readonly<Record<string, Uint8Array | HubServerFile>>,
	): string {
		const entries = Object.entries(files).map(
			([name, file]): [string, HubServerFile] => [
				name,
				file instanceof Uint8Array ? { content: file } : file,
			],
		);
		const hash = createHash("sha1").update(repository);
		for (const [name, { content }] of entries)
			hash.update(name).update(content);
		const commit = hash.digest("hex");
		const known = this.repositories.get(repository) ?? {
			revisions: new Map(),
			commits: new Map(),
		};
		known.commits.set(commit, new Map(entries));
		known.revisions.set("main", commit);
		this.repositories.set(repository, known);
		return commit;
	}

	/** Forgets what was asked and sent, and all faults. */
	reset(): void {
		Object.assign(this.faults, noFaults());
		this.requests.length = 0;
		this.sentBytes = 0;
	}

	async stop(): Promise<void> {
		for (const server of [this.#hub, this.#storage]) {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		}
	}

	#answer(
		request: IncomingMessage,
		response: ServerResponse,
		port: "hub" | "storage",
	): void {
		const url = new URL(request.url ?? "/", "http://hub");
		const path = decodeURIComponent(url.pathname);
		this.requests.push({
			method: request.method ?? "",
			path,
			range: request.headers.range ?? null,
			authorization: request.headers.authorization ?? null,
			port,
		});
		const done =
			port === "storage"
				? this.#stored(url, request, response)
				: this.#hubAnswer(path, request, response);
		// The client went away, which is what many tests are about.
		done.catch(() => response.destroy());
	}

	async #hubAnswer(
		path: string,
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		if (path.startsWith("/files/")) {
			const plain = this.files.get(path.slice("/files/".length));
			return plain === undefined
				? refuse(response, 404, "EntryNotFound", "Not found")
				: this.#content(plain, request, response, {});
		}
		const listing = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(
			path,
		);
		const file = /^\/([^/]+\/[^/]+)\/resolve\/(.+?)\/(.+)$/.exec(path);
		const repository = this.repositories.get(listing?.[1] ?? file?.[1] ?? "");
		if (repository === undefined)
			return refuse(
				response,
				401,
				"RepoNotFound",
				"Invalid username or password.",
			);
		const { gatedFor } = repository;
		const isAllowed =
			gatedFor === undefined ||
			request.headers.authorization === `Bearer ${gatedFor}`;
		if (listing !== null)
			return this.#listing(
				listing[1] ?? "",
				repository,
				listing[2] ?? "",
				response,
			);
		if (!isAllowed)
			return refuse(
				response,
				request.headers.authorization === undefined ? 401 : 403,
				"GatedRepo",
				"Access to this model is restricted. Accept its licence on its page.",
			);
		const commit = repository.revisions.get(file?.[2] ?? "") ?? file?.[2] ?? "";
		const found = repository.commits.get(commit)?.get(file?.[3] ?? "");
		if (found === undefined)
			return refuse(response, 404, "EntryNotFound", "Entry not found");
		const isLarge = found.isInGit !== true;
		const headers = {
			"x-repo-commit": commit,
			...(isLarge
				? {
						"x-linked-etag": `"${this.#sha256(found.content)}"`,
						"x-linked-size": String(found.content.length),
					}
				: {}),
		};
		if (isLarge && this.faults.redirects) {
			const signed = `${this.#storageUrl}/${file?.[1]}/${commit}/${encodeURIComponent(file?.[3] ?? "")}?signature=${this.#signatures.push(0) - 1}`;
			response.writeHead(302, { ...headers, location: signed }).end();
			return;
		}
		return this.#content(found.content, request, response, headers);
	}

	async #listing(
		name: string,
		{ revisions, commits, gatedFor }: HubServerRepository,
		revision: string,
		response: ServerResponse,
	): Promise<void> {
		if (this.faults.failsListings && this.#failOnce(response)) return;
		const commit = revisions.get(revision) ?? revision;
		const files = commits.get(commit);
		if (files === undefined)
			return refuse(
				response,
				404,
				"RevisionNotFound",
				`Invalid rev id: ${revision}`,
			);
		const siblings = [...files].map(([rfilename, { content, isInGit }]) => ({
			rfilename,
			size: content.length,
			blobId: gitBlobId(content),
			...(isInGit === true
				? {}
				: {
						lfs: {
							sha256: this.#sha256(content),
							size: content.length,
							pointerSize: 134,
						},
					}),
		}));
		response.setHeader("content-type", "application/json");
		response.end(
			JSON.stringify({
				id: name,
				sha: commit,
				gated: gatedFor === undefined ? false : "manual",
				siblings,
			}),
		);
	}

	async #stored(
		url: URL,
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const path = decodeURIComponent(url.pathname);
		const signature = Number(url.searchParams.get("signature"));
		const uses = (this.#signatures[signature] ?? 0) + 1;
		this.#signatures[signature] = uses;
		if (uses > this.faults.signatureUses)
			return refuse(response, 403, "AccessDenied", "Request has expired");
		const [, name, commit, file] =
			/^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path) ?? [];
		const content = this.repositories
			.get(name ?? "")
			?.commits.get(commit ?? "")
			?.get(file ?? "")?.content;
		if (content === undefined)
			return refuse(response, 404, "EntryNotFound", "No such key");
		return this.#content(content, request, response, {});
	}

	#sha256(content: Uint8Array): string {
		const digest = this.#digests.get(content) ?? sha256(content);
		this.#digests.set(content, digest);
		return digest;
	}

	#failOnce(response: ServerResponse): boolean {
		const { faults } = this;
		if (faults.failures <= 0) return false;
		faults.failures--;
		if (faults.retryAfter !== null)
			response.setHeader("retry-after", faults.retryAfter);
		response.writeHead(faults.failureStatus).end("not now");
		return true;
	}

	async #content(
		content: Uint8Array,
		request: IncomingMessage,
		response: ServerResponse,
		headers: Readonly<Record<string, string>>,
	): Promise<void> {
		const { faults } = this;
		if (faults.isSilent || this.#failOnce(response)) return;
		const match = faults.ignoresRanges
			? null
			: /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
		const from = Number(match?.[1] ?? 0);
		const end = Math.min(
			content.length,
			match?.[2] ? Number(match[2]) + 1 : content.length,
		);
		const claimed = content.length + faults.lengthError;
		response.writeHead(match === null ? 200 : 206, {
			...headers,
			etag: faults.etag ?? `"${this.#sha256(content).slice(0, 32)}"`,
			"content-length": match === null ? claimed : end - from,
			...(match === null
				? {}
				: { "content-range": `bytes ${from}-${end - 1}/${claimed}` }),
		});
		await this.#send(content.subarray(from, end), from, response);
		// Too short an answer ends like a broken connection.
		if (faults.lengthError > 0 && match === null) response.destroy();
		else response.end();
	}

	async #send(
		content: Uint8Array,
		from: number,
		response: ServerResponse,
	): Promise<void> {
		const { faults } = this;
		const cutAt =
			faults.cutAfterBytes !== null && faults.cuts > 0
				? faults.cutAfterBytes
				: Number.POSITIVE_INFINITY;
		if (cutAt < content.length) faults.cuts--;
		const end = Math.min(cutAt, content.length);
		for (let position = 0; position < end; ) {
			if (response.destroyed) return;
			const piece = Buffer.from(
				content.subarray(position, Math.min(end, position + faults.pieceBytes)),
			);
			if (faults.isCorrupt && position === 0 && from === 0)
				piece[0] = (piece[0] ?? 0) ^ 1;
			position += piece.length;
			this.sentBytes += piece.length;
			if (!response.write(piece)) await drained(response);
			if (faults.dripMs > 0) await delay(faults.dripMs);
		}
		if (end < content.length) {
			// What was written must leave before the connection goes.
			await delay(5);
			response.destroy();
		}
	}
}

/** Ends when there is room again, or nobody to send to. */
function drained(response: ServerResponse): Promise<void> {
	return new Promise((resolve) => {
		const end = () => {
			response.off("drain", end).off("close", end);
			resolve();
		};
		response.on("drain", end).on("close", end);
	});
}

async function refuse(
	response: ServerResponse,
	status: number,
	code: string,
	message: string,
): Promise<void> {
	response
		.writeHead(status, {
			"content-type": "application/json",
			"x-error-code": code,
			"x-error-message": message,
		})
		.end(JSON.stringify({ error: message }));
}

function sha256(content: Uint8Array): string {
	return createHash("sha256").update(content).digest("hex");
}

function gitBlobId(content: Uint8Array): string {
	return createHash("sha1")
		.update(`blob ${content.length}\0`)
		.update(content)
		.digest("hex");
}
