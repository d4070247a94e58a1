import { GalleyError } from "../../core/errors.ts";
import { flattenContent, maxInputItems } from "./input-items.ts";
import {
	type InputItem,
	isFinished,
	type OutputItem,
	type ResponseObject,
} from "./response-object.ts";
import type { StoredResponse } from "./response-store.ts";

/** Responses that may stand before one: ids are made by the server, so a chain can't be a ring, only long. */
const maxChainLength = 1_000;

/** Of all texts together, about what one request's body may bring: rendering takes time in proportion. */
const maxCharacters = 8 * 1024 * 1024;

/** Looks up a response of one owner, running ones included. */
export type FindResponse = (id: string) => Promise<StoredResponse | null>;

/** All items of the conversation that ends with the response `lastId`, oldest first: what a request that continues it starts with. */
export async function replayConversation(
	find: FindResponse,
	lastId: string | null,
): Promise<InputItem[]> {
	const turns: InputItem[][] = [];
	let itemCount = 0;
	let characters = 0;
	let id = lastId;
	while (id !== null) {
		const stored = await find(id);
		if (stored === null) throw notFound(id, id === lastId);
		const { response, input } = stored;
		if (!isFinished(response.status)) throw notFinished(id);
		const turn = [...input, ...toReplayedItems(response)];
		turns.push(turn);
		itemCount += turn.length;
		for (const item of turn) characters += countCharacters(item);
		if (
			turns.length > maxChainLength ||
			itemCount > maxInputItems ||
			characters > maxCharacters
		)
			throw tooLong();
		id = response.previous_response_id;
	}
	return turns.reverse().flat();
}

/** A call that was cut off has no valid arguments, and can't be answered. */
function toReplayedItems({ output }: ResponseObject): InputItem[] {
	const isWhole = (item: OutputItem) =>
		item.type !== "function_call" || item.status === "completed";
	return output.filter(isWhole);
}

function countCharacters(item: InputItem): number {
	if (item.type === "function_call") return item.arguments.length;
	if (item.type === "function_call_output") return item.output.length;
	return flattenContent(item.content).length;
}

function notFound(id: string, isLast: boolean): GalleyError {
	const shown = id.slice(0, 100);
	const message = isLast
		? `Previous response with id '${shown}' not found. It may have been deleted or dropped, or was made with 'store': false: send the conversation as 'input' items.`
		: `The response '${shown}', earlier in this conversation, was deleted or dropped: send the conversation as 'input' items.`;
	return new GalleyError("previous_response_not_found", message, {
		param: "previous_response_id",
	});
}

function notFinished(id: string): GalleyError {
	const message = `The response '${id.slice(0, 100)}' is not finished: wait for it or cancel it before you continue it.`;
	return new GalleyError("invalid_request", message, {
		param: "previous_response_id",
	});
}

function tooLong(): GalleyError {
	const message = `The conversation before 'previous_response_id' has more than ${maxChainLength} responses, ${maxInputItems} items or ${maxCharacters} characters: start a new one with a summary of it.`;
	return new GalleyError("invalid_request", message, {
		param: "previous_response_id",
	});
}
