import type { AnswerObserver } from "../../proxy/forward.ts";
import { RecentMap } from "../routing/recent-map.ts";
import type { RouteTarget } from "../routing/resolve-model.ts";

/** Who keeps a stored response, and whose it is. */
export interface ResponseHome {
	target: RouteTarget;
	/** Null for an upstream. */
	replica: string | null;
	tenant: string;
}

const mostHomes = 50_000;

/** Where stored responses are, as learned from the answers that made them. Bounded: what was not asked for lately is forgotten. */
export class ResponseHomes {
	readonly #homes = new RecentMap<string, ResponseHome>(mostHomes);

	find(id: string): ResponseHome | null {
		return this.#homes.get(id) ?? null;
	}

	remember(id: string, home: ResponseHome): void {
		this.#homes.set(id, home);
	}
}

/** An id stands at the beginning of an answer, be it a stream or not. */
const mostBytes = 4096;
const idPattern = /"id"\s*:\s*"(resp[_-][\w-]{1,200})"/;

/** Reads a response's id as its answer passes by. */
export class ResponseIdReader implements AnswerObserver {
	readonly #next: AnswerObserver;
	#text = "";
	/** Null until it is known. */
	id: string | null = null;

	constructor(next: AnswerObserver) {
		this.#next = next;
	}

	head: AnswerObserver["head"] = (status, headers) =>
		this.#next.head(status, headers);

	data: AnswerObserver["data"] = (piece) => {
		this.#next.data(piece);
		if (this.id !== null || this.#text.length >= mostBytes) return;
		this.#text += piece.toString("latin1", 0, mostBytes - this.#text.length);
		this.id = idPattern.exec(this.#text)?.[1] ?? null;
	};

	end: AnswerObserver["end"] = (trailers) => this.#next.end(trailers);
}
