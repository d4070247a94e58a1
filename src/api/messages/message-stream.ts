import type { GalleyError } from "../../core/errors.ts";
import type { Usage } from "../../core/stream-event.ts";
import type { StreamFormat } from "../generation/answer.ts";
import type {
	ChoiceEndEvent,
	DeltaEvent,
	StartEvent,
} from "../generation/run-generations.ts";
import type { EventStream } from "../sse.ts";
import { toMessageErrorFrame } from "./message-errors.ts";
import type { ContentBlock, MessageObject } from "./message-object.ts";
import {
	type MessageListener,
	type MessageShape,
	MessageWriter,
} from "./message-writer.ts";
import { inOwnWords } from "./own-words.ts";

/**
 * A message as events:
 *
 *     message_start, ping,
 *     (content_block_start, content_block_delta*, content_block_stop)*,
 *     message_delta, message_stop
 *
 * or, wherever it fails, `error` and nothing more.
 */
export class MessageStream implements StreamFormat, MessageListener {
	readonly keepAliveFrame = 'event: ping\ndata: {"type":"ping"}\n\n';
	readonly #writer: MessageWriter;
	/** Frames of the event at hand; they leave in one write. */
	#frames = "";

	constructor(shape: MessageShape) {
		this.#writer = new MessageWriter(shape, this);
	}

	start(stream: EventStream, prompt: number, event: StartEvent): void {
		this.#writer.start(prompt, event);
		this.#flush(stream);
	}

	delta(stream: EventStream, choice: number, event: DeltaEvent): void {
		this.#writer.delta(choice, event);
		this.#flush(stream);
	}

	choiceEnd(stream: EventStream, choice: number, event: ChoiceEndEvent): void {
		this.#writer.choiceEnd(choice, event);
		this.#flush(stream);
	}

	finish(stream: EventStream, total: Usage): void {
		const message = this.#writer.finish(total);
		const { stop_reason, stop_sequence, usage } = message;
		this.#add("message_delta", {
			delta: { stop_reason, stop_sequence },
			usage,
		});
		this.#add("message_stop", {});
		this.#flush(stream);
	}

	toErrorFrames(error: GalleyError): string {
		return toMessageErrorFrame(inOwnWords(error));
	}

	begin(message: MessageObject): void {
		this.#add("message_start", { message });
		this.#add("ping", {});
	}

	openBlock(index: number, block: ContentBlock): void {
		this.#add("content_block_start", { index, content_block: block });
	}

	text(index: number, text: string): void {
		this.#addDelta(index, "text_delta", "text", text);
	}

	thinking(index: number, thinking: string): void {
		this.#addDelta(index, "thinking_delta", "thinking", thinking);
	}

	input(index: number, json: string): void {
		this.#addDelta(index, "input_json_delta", "partial_json", json);
	}

	closeBlock(index: number, block: ContentBlock): void {
		if (block.type === "thinking")
			this.#addDelta(index, "signature_delta", "signature", block.signature);
		this.#add("content_block_stop", { index });
	}

	#add(type: string, fields: object): void {
		this.#frames += `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
	}

	/** The one event that comes for each token, so it is put together by hand. */
	#addDelta(index: number, type: string, name: string, text: string): void {
		this.#frames += `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${name}":${JSON.stringify(text)}}}\n\n`;
	}

	#flush(stream: EventStream): void {
		if (this.#frames === "") return;
		const frames = this.#frames;
		this.#frames = "";
		stream.write(frames);
	}
}
