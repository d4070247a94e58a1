import { GalleyError } from "../../core/errors.ts";
import type { InputItem } from "./response-object.ts";
import type { ResponseRun } from "./response-run.ts";
import type { ResponseStore, StoredResponse } from "./response-store.ts";

interface RunningResponse {
	owner: string;
	input: readonly InputItem[];
	run: ResponseRun;
}

/** Every response that can be asked for: those kept, and those that run in the background. */
export class ResponseDesk {
	readonly #store: ResponseStore;
	readonly #running = new Map<string, RunningResponse>();

	constructor(store: ResponseStore) {
		this.#store = store;
	}

	/** Until it ends; it's in the store by then. */
	addRunning(owner: string, input: readonly InputItem[], run: ResponseRun) {
		const { id } = run.response;
		this.#running.set(id, { owner, input, run });
		const forget = () => void this.#running.delete(id);
		run.listen({ refused: forget, ended: forget });
	}

	async keep(stored: StoredResponse): Promise<void> {
		await this.#store.put(stored);
	}

	/** Null when it doesn't run, now or any more. */
	findRun(owner: string, id: string): ResponseRun | null {
		const running = this.#running.get(id);
		return running?.owner === owner ? running.run : null;
	}

	async find(owner: string, id: string): Promise<StoredResponse | null> {
		const running = this.#running.get(id);
		if (running === undefined || running.owner !== owner)
			return this.#store.get(owner, id);
		const { input, run } = running;
		return { owner, input, response: run.response, frames: run.frames };
	}

	findItem(owner: string, itemId: string): Promise<InputItem | null> {
		return this.#store.findItem(owner, itemId);
	}

	async get(owner: string, id: string): Promise<StoredResponse> {
		const found = await this.find(owner, id);
		if (found === null) throw unknownResponse(id);
		return found;
	}

	async delete(owner: string, id: string): Promise<void> {
		const run = this.findRun(owner, id);
		await run?.cancel();
		const wasStored = await this.#store.delete(owner, id);
		if (!wasStored && run === null) throw unknownResponse(id);
	}
}

function unknownResponse(id: string): GalleyError {
	return new GalleyError(
		"not_found",
		`Response with id '${id.slice(0, 100)}' not found. It may have been deleted or dropped, or was made with 'store': false.`,
		{ param: "response_id" },
	);
}
