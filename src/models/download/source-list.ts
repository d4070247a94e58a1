import type { HttpAnswer, HttpClient } from "../hub/http-client.ts";
import { ConnectionError, discard } from "../hub/http-client.ts";
import type { FileSource } from "../hub/hub-client.ts";
import { DownloadTrouble } from "./range-answer.ts";

/** The places of one file: which one is asked now, and where its redirects led. */
export class SourceList {
	readonly #http: HttpClient;
	#alive: FileSource[];
	#index = 0;
	/**
	 * The hub answers each request with a redirect to a signed address that is good for a while. Asking the hub anew for
	 * every range would run into its request limits.
	 */
	readonly #landed = new Map<string, string>();

	constructor(http: HttpClient, sources: readonly FileSource[]) {
		this.#http = http;
		this.#alive = [...sources];
	}

	get current(): FileSource | null {
		return this.#alive[this.#index % Math.max(1, this.#alive.length)] ?? null;
	}

	/** Turns to the next source. */
	rotate(from: FileSource): void {
		if (this.current === from) this.#index++;
	}

	/** Never asks this one again. False when it was the last. */
	drop(source: FileSource): boolean {
		this.#alive = this.#alive.filter((other) => other !== source);
		return this.#alive.length > 0;
	}

	/** Asks for a range; a signed address that has run out is renewed once. */
	async get(
		source: FileSource,
		range: string,
		signal: AbortSignal,
	): Promise<HttpAnswer> {
		const landed = this.#landed.get(source.url);
		if (landed !== undefined) {
			const answer = await this.#ask(landed, source, range, signal);
			if (answer.status === 200 || answer.status === 206) return answer;
			this.#landed.delete(source.url);
			const isBusy = answer.status === 429 || answer.status >= 500;
			if (isBusy) return answer;
			await discard(answer.body);
		}
		const answer = await this.#ask(source.url, source, range, signal);
		if (
			answer.url !== source.url &&
			(answer.status === 200 || answer.status === 206)
		)
			this.#landed.set(source.url, answer.url);
		return answer;
	}

	async #ask(
		url: string,
		source: FileSource,
		range: string,
		signal: AbortSignal,
	): Promise<HttpAnswer> {
		const isSameOrigin = new URL(url).origin === new URL(source.url).origin;
		try {
			return await this.#http.get(url, {
				headers: { range },
				token: isSameOrigin ? source.token : null,
				signal,
			});
		} catch (error) {
			if (error instanceof ConnectionError)
				throw new DownloadTrouble(error.message, { cause: error });
			throw error;
		}
	}
}
