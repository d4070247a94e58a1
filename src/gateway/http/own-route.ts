import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { Principal, Scope } from "../access/principal.ts";

/** A path that the gateway answers itself. */
export interface OwnRoute {
	method: "GET" | "POST" | "PATCH" | "DELETE";
	/** `/v1/keys/:id`: a part that begins with a colon stands for any one part, which may hold escaped slashes. */
	path: string;
	/** `open` is answered without a key. */
	scope: Scope | "open";
	/** In the API's own description; null for what is no part of the API: the console's files. */
	summary: string | null;
	details?: RouteDetails;
	answer(call: OwnCall): Promise<OwnAnswer>;
}

/** What the API's own description tells beside a route's path, its key and one line. */
export interface RouteDetails {
	/** What the parts of its path are. */
	path?: Readonly<Record<string, string>>;
	/** What may stand behind the question mark. */
	query?: z.ZodObject;
	/** JSON; a route without one takes none. */
	body?: z.ZodType;
	/** When all went well: 200 where nothing is said. */
	status?: 200 | 201 | 202;
	/** What comes back, in words; */
	returns?: string;
	/** and its form: JSON where nothing is said. */
	contentType?: string;
}

export interface OwnCall {
	url: URL;
	/** By the names in the path, unescaped. */
	parameters: Readonly<Record<string, string>>;
	/** Null on an open route that was called without a valid key. */
	principal: Principal | null;
	request: IncomingMessage;
	response: ServerResponse;
	/** The body as JSON; `{}` where there is none. Throws `invalid_json` and `payload_too_large`. */
	json(maxBytes?: number): Promise<unknown>;
}

export type OwnAnswer =
	| {
			status?: number;
			body: unknown;
			headers?: Readonly<Record<string, string>>;
	  }
	| {
			status?: number;
			content: string | Buffer;
			contentType: string;
			headers?: Readonly<Record<string, string>>;
	  }
	/** The route wrote the response itself: a stream. */
	| "written";

/** A fixed set of routes; the most literal path wins. */
export class OwnRoutes {
	/** Method -> path -> route. */
	readonly #exact = new Map<string, Map<string, OwnRoute>>();
	/** By method, with what stands before the first parameter: most requests are for no own route. */
	readonly #patterns = new Map<
		string,
		{ route: OwnRoute; start: string; parts: readonly string[] }[]
	>();

	constructor(routes: readonly OwnRoute[]) {
		for (const route of routes) {
			if (route.path.includes(":")) {
				const parts = route.path.split("/");
				const start = route.path.slice(0, route.path.indexOf(":"));
				const others = this.#patterns.get(route.method) ?? [];
				this.#patterns.set(route.method, [...others, { route, start, parts }]);
			} else {
				const ofMethod =
					this.#exact.get(route.method) ?? new Map<string, OwnRoute>();
				this.#exact.set(route.method, ofMethod.set(route.path, route));
			}
		}
	}

	find(
		method: string,
		path: string,
	): { route: OwnRoute; parameters: Record<string, string> } | null {
		const exact = this.#exact.get(method)?.get(path);
		if (exact !== undefined) return { route: exact, parameters: {} };
		for (const { route, start, parts } of this.#patterns.get(method) ?? []) {
			if (!path.startsWith(start)) continue;
			const parameters = match(parts, path.split("/"));
			if (parameters !== null) return { route, parameters };
		}
		return null;
	}
}

function match(
	parts: readonly string[],
	given: readonly string[],
): Record<string, string> | null {
	if (parts.length !== given.length) return null;
	const parameters: Record<string, string> = {};
	for (const [index, part] of parts.entries()) {
		const value = given[index] ?? "";
		if (!part.startsWith(":")) {
			if (part !== value) return null;
			continue;
		}
		if (value === "") return null;
		try {
			parameters[part.slice(1)] = decodeURIComponent(value);
		} catch {
			// A stray percent sign: no path of ours.
			return null;
		}
	}
	return parameters;
}
