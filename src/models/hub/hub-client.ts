import { z } from "zod";
import { backoffDelayMs } from "../../async/backoff.ts";
import { GalleyError } from "../../core/errors.ts";
import { isSafePath } from "../reference-syntax.ts";
import { abortableDelay } from "./abortable-delay.ts";
import {
	ConnectionError,
	discard,
	type HttpAnswer,
	HttpClient,
	readText,
	retryAfterMs,
} from "./http-client.ts";
import { explainRefusal } from "./hub-refusal.ts";
import type { HubSettings } from "./hub-settings.ts";
import type { HubModelFile } from "./model-variants.ts";

export interface HubListing {
	repository: string;
	/** The commit that the revision stands for now. */
	commit: string;
	files: readonly HubModelFile[];
}

/** A file of a listing, for reading parts of it. */
export interface HubFileAddress {
	repository: string;
	commit: string;
	name: string;
}

/** One place that a file can be fetched from. */
export interface FileSource {
	url: string;
	/** Only ever sent to the origin of `url`. */
	token: string | null;
}

/** https://huggingface.co/docs/hub/api: `siblings` with sizes and digests, because `blobs=true` asks for them. */
const modelInfo = z.object({
	id: z.string().optional(),
	sha: z.string().regex(/^[0-9a-f]{40}$/),
	siblings: z
		.array(
			z.object({
				rfilename: z.string(),
				size: z.number().int().nonnegative().nullish(),
				blobId: z.string().nullish(),
				lfs: z
					.object({
						sha256: z.string().regex(/^[0-9a-f]{64}$/),
						size: z.number().int().nonnegative().nullish(),
					})
					.nullish(),
			}),
		)
		.default([]),
});

const longestListing = 64 * 1024 * 1024;

export class HubClient {
	readonly http: HttpClient;
	readonly #settings: HubSettings;

	constructor(settings: HubSettings) {
		this.#settings = settings;
		this.http = new HttpClient(settings);
	}

	/**
	 * What a repository holds at a revision (null: `main`). Throws GalleyError: `model_not_found`, `permission_denied`
	 * with what to do, or `download_failed` when neither the endpoint nor a mirror gives an answer.
	 */
	async listFiles(
		repository: string,
		revision: string | null,
		signal?: AbortSignal,
	): Promise<HubListing> {
		const path = `/api/models/${repository}/revision/${encodeURIComponent(revision ?? "main")}?blobs=true`;
		const { answer, endpoint } = await this.#firstAnswer(path, {}, signal);
		if (answer.status !== 200)
			throw await this.#refusal(answer, endpoint, repository, revision);
		return toListing(
			await readText(answer, longestListing),
			repository,
			endpoint,
		);
	}

	/** Bytes from `from` up to but without `end`; fewer at the end of the file. */
	async readRange(
		file: HubFileAddress,
		from: number,
		end: number,
		signal?: AbortSignal,
	): Promise<Uint8Array> {
		const { answer, endpoint } = await this.#firstAnswer(
			resolvePath(file),
			{ range: `bytes=${from}-${end - 1}` },
			signal,
		);
		if (answer.status === 416) {
			await discard(answer.body);
			return new Uint8Array(0);
		}
		if (answer.status !== 206 && answer.status !== 200)
			throw await this.#refusal(answer, endpoint, file.repository, file.commit);
		// A server without ranges sends the file from its beginning; it is read as far as is needed.
		const skipped = answer.status === 206 ? 0 : from;
		return readBytes(answer, skipped, end - from);
	}

	/** Where a file can be fetched from, the endpoint first. */
	sourcesOf(file: HubFileAddress): FileSource[] {
		return this.#endpoints().map(({ endpoint, token }) => ({
			url: endpoint + resolvePath(file),
			token,
		}));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.http[Symbol.asyncDispose]();
	}

	#endpoints(): { endpoint: string; token: string | null }[] {
		const { endpoint, mirrors, token } = this.#settings;
		return [
			{ endpoint, token },
			...mirrors.map((mirror) => ({ endpoint: mirror, token: null })),
		];
	}

	/**
	 * The endpoint's answer when it is one: also a "no" (401, 403, 404). Where it is silent, busy or broken, it and the
	 * mirrors are asked in turn, more slowly each time around.
	 */
	async #firstAnswer(
		path: string,
		headers: Readonly<Record<string, string>>,
		signal: AbortSignal | undefined,
	): Promise<{ answer: HttpAnswer; endpoint: string }> {
		const endpoints = this.#endpoints();
		const { maxAttempts, maxRetryAfterMs, baseDelayMs, maxDelayMs } =
			this.http.patience;
		let trouble = "";
		const rounds = Math.max(1, Math.ceil(maxAttempts / 2));
		for (let round = 1; round <= rounds; round++) {
			let waitMs = backoffDelayMs(
				round,
				{ baseMs: baseDelayMs, maxMs: maxDelayMs },
				Math.random(),
			);
			for (const [index, { endpoint, token }] of endpoints.entries()) {
				const answer = await this.#ask(endpoint + path, headers, token, signal);
				if (answer instanceof ConnectionError) {
					trouble = answer.message;
					continue;
				}
				const isBusy = answer.status === 429 || answer.status >= 500;
				const isMirrorsNo =
					index > 0 && answer.status >= 400 && answer.status !== 416;
				if (!isBusy && !isMirrorsNo) return { answer, endpoint };
				await discard(answer.body);
				if (isBusy || trouble === "")
					trouble = `${new URL(endpoint).host} answers ${answer.status}`;
				waitMs = Math.max(
					waitMs,
					retryAfterMs(answer.headers, Date.now()) ?? 0,
				);
			}
			if (round === rounds || waitMs > maxRetryAfterMs) break;
			await abortableDelay(waitMs, signal);
		}
		throw new GalleyError(
			"download_failed",
			`The model hub can't be reached: ${trouble}. Check the network, the proxy settings (HTTPS_PROXY) and HF_ENDPOINT, name a mirror, or use --offline with what is cached.`,
		);
	}

	async #ask(
		url: string,
		headers: Readonly<Record<string, string>>,
		token: string | null,
		signal: AbortSignal | undefined,
	): Promise<HttpAnswer | ConnectionError> {
		try {
			return await this.http.get(url, { headers, token, signal });
		} catch (error) {
			if (error instanceof ConnectionError) return error;
			throw error;
		}
	}

	async #refusal(
		answer: HttpAnswer,
		endpoint: string,
		repository: string,
		revision: string | null,
	): Promise<GalleyError> {
		return explainRefusal({
			status: answer.status,
			headers: answer.headers,
			body: await readText(answer, 4096),
			endpoint,
			repository,
			revision,
			hasToken: this.#settings.token !== null,
		});
	}
}

function resolvePath({ repository, commit, name }: HubFileAddress): string {
	const path = name.split("/").map(encodeURIComponent).join("/");
	return `/${repository}/resolve/${encodeURIComponent(commit)}/${path}`;
}

function toListing(
	text: string,
	repository: string,
	endpoint: string,
): HubListing {
	const parsed = modelInfo.safeParse(jsonOf(text));
	if (!parsed.success) {
		throw new GalleyError(
			"download_failed",
			`${new URL(endpoint).host} answered, but not as a model hub does. Check HF_ENDPOINT and the mirrors: ${parsed.error.issues[0]?.message ?? "no JSON"}.`,
			{ cause: parsed.error },
		);
	}
	const files: HubModelFile[] = [];
	for (const { rfilename, size, blobId, lfs } of parsed.data.siblings) {
		const sizeBytes = lfs?.size ?? size;
		// What could not be stored under its own name is not fetched; no model has such files.
		if (sizeBytes == null || !isSafePath(rfilename)) continue;
		files.push({
			name: rfilename,
			sizeBytes,
			sha256: lfs?.sha256 ?? null,
			gitBlobId: /^[0-9a-f]{40}$/.test(blobId ?? "") ? (blobId ?? null) : null,
		});
	}
	return { repository, commit: parsed.data.sha, files };
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		// A login page of a company's network, say: the schema then says that this is no hub.
		if (error instanceof SyntaxError) return null;
		throw error;
	}
}

async function readBytes(
	answer: HttpAnswer,
	skipped: number,
	length: number,
): Promise<Uint8Array> {
	const bytes = new Uint8Array(length);
	let position = -skipped;
	try {
		for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
			const useful = piece.subarray(Math.max(0, -position));
			const at = Math.max(0, position);
			bytes.set(useful.subarray(0, length - at), at);
			position += piece.length;
			if (position >= length) break;
		}
	} catch (cause) {
		throw new GalleyError(
			"download_failed",
			`${new URL(answer.url).host} broke the connection off while a part of a file was read. Try again.`,
			{ cause },
		);
	}
	return bytes.subarray(0, Math.max(0, Math.min(length, position)));
}
