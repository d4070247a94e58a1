import { readEvents } from "./event-stream.js";

/** The server said no (`status`), or nothing (0). */
export class ApiError extends Error {
	constructor(message, status, code = null) {
		super(message);
		this.name = "ApiError";
		this.status = status;
		this.code = code;
	}
}

const storedKey = "rag-key";

/** The chatbot's HTTP API. All paths are this origin's. */
export class Api {
	#askForKey;

	/** `askForKey` resolves to a key, or null; it is asked when the server wants one. */
	constructor(askForKey) {
		this.#askForKey = askForKey;
	}

	get hasKey() {
		return localStorage.getItem(storedKey) !== null;
	}

	forgetKey() {
		localStorage.removeItem(storedKey);
	}

	get(path, signal) {
		return this.#json("GET", path, undefined, signal);
	}

	post(path, body, signal) {
		return this.#json("POST", path, body, signal);
	}

	put(path, body) {
		return this.#json("PUT", path, body);
	}

	patch(path, body) {
		return this.#json("PATCH", path, body);
	}

	delete(path) {
		return this.#json("DELETE", path);
	}

	/** Server-sent events of a GET, or of a POST where there is a body: `{event, data}`, data parsed. */
	async *events(path, { body, signal } = {}) {
		const method = body === undefined ? "GET" : "POST";
		const response = await this.#fetch(method, path, body, signal);
		try {
			yield* readEvents(response.body);
		} catch (error) {
			throw error.name === "AbortError" ? error : unreachable();
		}
	}

	async #json(method, path, body, signal) {
		const response = await this.#fetch(method, path, body, signal);
		if (response.status === 204) return null;
		const text = await response.text();
		return text === "" ? null : JSON.parse(text);
	}

	async #fetch(method, path, body, signal, isAgain = false) {
		const key = localStorage.getItem(storedKey);
		const headers = key === null ? {} : { authorization: `Bearer ${key}` };
		const isForm = body instanceof FormData;
		if (body !== undefined && !isForm)
			headers["content-type"] = "application/json";
		const response = await fetch(path, {
			method,
			headers,
			body: body === undefined || isForm ? body : JSON.stringify(body),
			signal,
			credentials: "omit",
			referrerPolicy: "no-referrer",
		}).catch((error) => {
			throw error.name === "AbortError" ? error : unreachable();
		});
		if (response.ok) return response;
		if (response.status === 401 && !isAgain) {
			const given = await this.#askForKey(key !== null);
			if (given !== null) {
				localStorage.setItem(storedKey, given);
				return this.#fetch(method, path, body, signal);
			}
		}
		throw await toError(response);
	}
}

function unreachable() {
	return new ApiError(
		"The server can't be reached. Check that it is running, then try again.",
		0,
	);
}

async function toError(response) {
	const text = await response.text().catch(() => "");
	try {
		const { error } = JSON.parse(text);
		return new ApiError(error.message, response.status, error.code);
	} catch {
		// A proxy answered, not the server.
		return new ApiError(
			`The server answered ${response.status}. Try again.`,
			response.status,
		);
	}
}
