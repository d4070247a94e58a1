import type { Usage } from "../../core/stream-event.ts";
import type { ParsedChoice, ParsedPiece } from "../generation/parsed-choice.ts";
import type {
	ChoiceEndEvent,
	DeltaEvent,
	GenerationListener,
	StartEvent,
} from "../generation/run-generations.ts";
import {
	type ContentBlock,
	type MessageObject,
	toMessageUsage,
	toStop,
} from "./message-object.ts";

/** Hears how a message grows; blocks come one after the other. */
export interface MessageListener {
	begin(message: MessageObject): void;
	openBlock(index: number, block: ContentBlock): void;
	text(index: number, text: string): void;
	thinking(index: number, thinking: string): void;
	input(index: number, json: string): void;
	closeBlock(index: number, block: ContentBlock): void;
}

export interface MessageShape {
	id: string;
	model: string;
	isContextBound: boolean;
	/** False where the client doesn't want to see what the model thinks: the blocks are there, empty. */
	showsThinking: boolean;
	/** Takes the output apart. */
	reader: Pick<ParsedChoice, "read" | "end">;
}

/** Thinking is in the clear and nothing is proven by it, but clients keep only blocks that are signed. */
const signature = "unsigned";

/** Pieces of output go in, the message grows, and whoever listens is told. */
export class MessageWriter implements GenerationListener {
	readonly message: MessageObject;
	readonly #shape: MessageShape;
	readonly #listener: MessageListener | null;
	#open: ContentBlock | null = null;
	/** Of the open tool_use. */
	#json = "";

	constructor(shape: MessageShape, listener: MessageListener | null) {
		this.#shape = shape;
		this.#listener = listener;
		this.message = {
			id: shape.id,
			type: "message",
			role: "assistant",
			model: shape.model,
			content: [],
			stop_reason: null,
			stop_sequence: null,
			usage: toMessageUsage({
				promptTokens: 0,
				cachedTokens: 0,
				completionTokens: 0,
			}),
		};
	}

	start(_prompt: number, { promptTokens, cachedTokens }: StartEvent): void {
		this.message.usage = toMessageUsage({
			promptTokens,
			cachedTokens,
			completionTokens: 0,
		});
		this.#listener?.begin(this.message);
	}

	delta(_choice: number, event: DeltaEvent): void {
		for (const piece of this.#shape.reader.read(event)) this.#write(piece);
	}

	choiceEnd(
		_choice: number,
		{ finishReason, stopReason }: ChoiceEndEvent,
	): void {
		for (const piece of this.#shape.reader.end()) this.#write(piece);
		this.#close();
		const stop = toStop({
			finishReason,
			stopReason,
			hasToolUse: this.message.content.some(({ type }) => type === "tool_use"),
			isContextBound: this.#shape.isContextBound,
		});
		Object.assign(this.message, stop);
	}

	finish(usage: Usage): MessageObject {
		this.message.usage = toMessageUsage(usage);
		return this.message;
	}

	#write(piece: ParsedPiece): void {
		switch (piece.type) {
			case "text":
				this.#writeText(piece.text);
				return;
			case "reasoning":
				this.#writeThinking(piece.text);
				return;
			case "call": {
				const { id, name } = piece;
				this.#begin({ type: "tool_use", id, name, input: {} });
				return;
			}
			case "arguments":
				this.#writeInput(piece.text);
				return;
			case "call-end":
				this.#close();
				return;
		}
	}

	#writeInput(json: string): void {
		if (this.#open?.type !== "tool_use" || json === "") return;
		this.#json += json;
		this.#listener?.input(this.#index, json);
	}

	#writeText(text: string): void {
		if (text === "") return;
		const block =
			this.#open?.type === "text"
				? this.#open
				: this.#begin({ type: "text", text: "" });
		this.#listener?.text(this.#index, text);
		block.text += text;
	}

	#writeThinking(thinking: string): void {
		if (thinking === "") return;
		const block =
			this.#open?.type === "thinking"
				? this.#open
				: this.#begin({ type: "thinking", thinking: "", signature: "" });
		if (!this.#shape.showsThinking) return;
		this.#listener?.thinking(this.#index, thinking);
		block.thinking += thinking;
	}

	#begin<Block extends ContentBlock>(block: Block): Block {
		this.#close();
		this.#open = block;
		this.#json = "";
		this.message.content.push(block);
		this.#listener?.openBlock(this.#index, block);
		return block;
	}

	get #index(): number {
		return this.message.content.length - 1;
	}

	#close(): void {
		const block = this.#open;
		if (block === null) return;
		this.#open = null;
		if (block.type === "thinking") block.signature = signature;
		if (block.type === "tool_use") block.input = parseInput(this.#json);
		this.#listener?.closeBlock(this.#index, block);
	}
}

/** What was cut off by `max_tokens` is no input: `stop_reason` says so. */
function parseInput(json: string): unknown {
	try {
		const input: unknown = JSON.parse(json === "" ? "{}" : json);
		return typeof input === "object" && input !== null ? input : {};
	} catch (error) {
		if (error instanceof SyntaxError) return {};
		throw error;
	}
}
