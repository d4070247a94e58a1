import { errorKinds, type GalleyError } from "../../core/errors.ts";
import type { FinishReason, Usage } from "../../core/stream-event.ts";
import { toChatLogprob } from "../generation/chat-logprobs.ts";
import type { ParsedPiece } from "../generation/parsed-choice.ts";
import type { ResponseEvent } from "./response-events.ts";
import {
	createResponseId,
	type FunctionCallItem,
	type ItemStatus,
	isFinished,
	type OutputMessageItem,
	type OutputTextPart,
	type ReasoningItem,
	type ResponseObject,
	toResponseUsage,
} from "./response-object.ts";

/** The item that is being written: the last of the output. */
type OpenItem =
	| { kind: "message"; item: OutputMessageItem; part: OutputTextPart }
	| { kind: "reasoning"; item: ReasoningItem; part: { text: string } }
	| { kind: "call"; item: FunctionCallItem };

/**
 * Writes a response: pieces of output go in, the response object grows, and events come out in the order that
 * response-events.ts draws. Listeners serialize events at once; the objects in them go on changing.
 */
export class ResponseWriter {
	readonly response: ResponseObject;
	readonly #emit: (event: ResponseEvent) => void;
	/** Reasoning goes into the item's summary, because the client asked for one. */
	readonly #summarizes: boolean;
	#open: OpenItem | null = null;

	constructor(
		response: ResponseObject,
		emit: (event: ResponseEvent) => void,
		options: { summarizes: boolean },
	) {
		this.response = response;
		this.#emit = emit;
		this.#summarizes = options.summarizes;
	}

	queue(): void {
		this.response.status = "queued";
		this.#tell("response.created");
		this.#tell("response.queued");
	}

	begin(): void {
		const wasQueued = this.response.status === "queued";
		this.response.status = "in_progress";
		if (!wasQueued) this.#tell("response.created");
		this.#tell("response.in_progress");
	}

	write(piece: ParsedPiece): void {
		switch (piece.type) {
			case "text":
				this.#writeText(piece);
				break;
			case "reasoning":
				this.#writeReasoning(piece.text);
				break;
			case "call":
				this.#openCall(piece);
				break;
			case "arguments":
				this.#writeArguments(piece.text);
				break;
			case "call-end":
				this.#close("completed");
				break;
		}
	}

	/** Closes the output; `complete` says so when all is stored. */
	end(
		finishReason: FinishReason,
		usage: Usage,
		reasoningTokens: number,
		now: number,
	): void {
		const { response } = this;
		const isCut = finishReason === "length";
		// An answer without a word is an answer: clients look for its message.
		if (response.output.length === 0) this.#openMessage();
		this.#close(isCut ? "incomplete" : "completed");
		response.status = isCut ? "incomplete" : "completed";
		response.completed_at = isCut ? null : now;
		if (isCut) response.incomplete_details = { reason: "max_output_tokens" };
		response.usage = toResponseUsage(usage, reasoningTokens);
	}

	complete(): void {
		this.#tell(
			this.response.status === "incomplete"
				? "response.incomplete"
				: "response.completed",
		);
	}

	fail(error: GalleyError): void {
		this.#abandon();
		this.response.status = "failed";
		this.response.error = {
			code: toResponseErrorCode(error),
			message: error.message,
		};
		this.#emit(errorEvent(error));
		this.#tell("response.failed");
	}

	/** The response as it stands is final. */
	cancel(): void {
		this.#abandon();
		this.response.status = "cancelled";
	}

	tellCancelled(): void {
		this.#tell("response.cancelled");
	}

	get hasEnded(): boolean {
		return isFinished(this.response.status);
	}

	#writeText({ text, logprobs }: Extract<ParsedPiece, { type: "text" }>): void {
		const entries = logprobs?.map(toChatLogprob) ?? [];
		if (text === "" && entries.length === 0) return;
		const open =
			this.#open?.kind === "message" ? this.#open : this.#openMessage();
		open.part.text += text;
		open.part.logprobs.push(...entries);
		this.#emit({
			type: "response.output_text.delta",
			...this.#place(open.item.id),
			content_index: 0,
			delta: text,
			logprobs: entries,
		});
	}

	#openMessage(): Extract<OpenItem, { kind: "message" }> {
		this.#close("completed");
		const item: OutputMessageItem = {
			id: createResponseId("msg"),
			type: "message",
			status: "in_progress",
			role: "assistant",
			content: [],
		};
		this.#add(item);
		const part: OutputTextPart = {
			type: "output_text",
			text: "",
			annotations: [],
			logprobs: [],
		};
		item.content.push(part);
		const open = { kind: "message", item, part } as const;
		this.#open = open;
		this.#emit({
			type: "response.content_part.added",
			...this.#place(item.id),
			content_index: 0,
			part,
		});
		return open;
	}

	#writeReasoning(text: string): void {
		if (text === "") return;
		const open =
			this.#open?.kind === "reasoning" ? this.#open : this.#openReasoning();
		open.part.text += text;
		const place = this.#place(open.item.id);
		this.#emit(
			this.#summarizes
				? {
						type: "response.reasoning_summary_text.delta",
						...place,
						summary_index: 0,
						delta: text,
					}
				: {
						type: "response.reasoning_text.delta",
						...place,
						content_index: 0,
						delta: text,
					},
		);
	}

	#openReasoning(): Extract<OpenItem, { kind: "reasoning" }> {
		this.#close("completed");
		const item: ReasoningItem = {
			id: createResponseId("rs"),
			type: "reasoning",
			status: "in_progress",
			summary: [],
			content: [],
			encrypted_content: null,
		};
		this.#add(item);
		const place = this.#place(item.id);
		if (this.#summarizes) {
			const part = { type: "summary_text" as const, text: "" };
			item.summary.push(part);
			this.#emit({
				type: "response.reasoning_summary_part.added",
				...place,
				summary_index: 0,
				part,
			});
			return this.#opened({ kind: "reasoning", item, part });
		}
		const part = { type: "reasoning_text" as const, text: "" };
		item.content.push(part);
		this.#emit({
			type: "response.content_part.added",
			...place,
			content_index: 0,
			part,
		});
		return this.#opened({ kind: "reasoning", item, part });
	}

	#opened<Kind extends OpenItem>(open: Kind): Kind {
		this.#open = open;
		return open;
	}

	#openCall({ id, name }: Extract<ParsedPiece, { type: "call" }>): void {
		this.#close("completed");
		const item: FunctionCallItem = {
			id: createResponseId("fc"),
			type: "function_call",
			status: "in_progress",
			call_id: id,
			name,
			arguments: "",
		};
		this.#add(item);
		this.#open = { kind: "call", item };
	}

	#writeArguments(text: string): void {
		if (this.#open?.kind !== "call" || text === "") return;
		const { item } = this.#open;
		item.arguments += text;
		this.#emit({
			type: "response.function_call_arguments.delta",
			...this.#place(item.id),
			delta: text,
		});
	}

	/** Events that say what has been added come before it is filled: they show it empty. */
	#add(item: ResponseObject["output"][number]): void {
		this.response.output.push(item);
		this.#emit({
			type: "response.output_item.added",
			output_index: this.response.output.length - 1,
			item,
		});
	}

	#close(status: ItemStatus): void {
		const open = this.#open;
		if (open === null) return;
		this.#open = null;
		const place = this.#place(open.item.id);
		if (open.kind === "message") {
			const { part } = open;
			const inPart = { ...place, content_index: 0 };
			const { text, logprobs } = part;
			this.#emit({
				type: "response.output_text.done",
				...inPart,
				text,
				logprobs,
			});
			this.#emit({ type: "response.content_part.done", ...inPart, part });
		} else if (open.kind === "reasoning") {
			this.#closeReasoning(open.item, place);
		} else {
			const { name, arguments: text } = open.item;
			this.#emit({
				type: "response.function_call_arguments.done",
				...place,
				name,
				arguments: text,
			});
		}
		open.item.status = status;
		this.#emit({
			type: "response.output_item.done",
			output_index: place.output_index,
			item: open.item,
		});
	}

	#closeReasoning(
		{ summary, content }: ReasoningItem,
		place: { item_id: string; output_index: number },
	): void {
		for (const part of summary) {
			const inPart = { ...place, summary_index: 0 };
			this.#emit({
				type: "response.reasoning_summary_text.done",
				...inPart,
				text: part.text,
			});
			this.#emit({
				type: "response.reasoning_summary_part.done",
				...inPart,
				part,
			});
		}
		for (const part of content) {
			const inPart = { ...place, content_index: 0 };
			this.#emit({
				type: "response.reasoning_text.done",
				...inPart,
				text: part.text,
			});
			this.#emit({ type: "response.content_part.done", ...inPart, part });
		}
	}

	#abandon(): void {
		if (this.#open !== null) this.#open.item.status = "incomplete";
		this.#open = null;
	}

	#place(itemId: string): { item_id: string; output_index: number } {
		return { item_id: itemId, output_index: this.response.output.length - 1 };
	}

	#tell(
		type: Extract<ResponseEvent, { response: ResponseObject }>["type"],
	): void {
		this.#emit({ type, response: this.response });
	}
}

export function errorEvent(error: GalleyError): ResponseEvent {
	const { code, message, param } = error;
	const { type } = errorKinds[code];
	return {
		type: "error",
		code,
		message,
		param,
		error: { type, code, message, param },
	};
}

/** OpenAI's codes of `response.error`; there are few. */
function toResponseErrorCode({ status }: GalleyError): string {
	if (status === 429) return "rate_limit_exceeded";
	return status < 500 && status !== 499 ? "invalid_prompt" : "server_error";
}
