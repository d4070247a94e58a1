import type { JsonValue, StreamedEvent } from "./gateway-hook.ts";

/** A comment keeps its place: it keeps connections open. */
export type Frame = { event: StreamedEvent } | { comment: Buffer };

const maxFrameBytes = 16 * 1024 * 1024;

/** Cuts a stream of server-sent events into events, wherever its pieces are cut. */
export class EventFrames {
	#rest = "";
	readonly #decoder = new TextDecoder();

	/** Throws when an event is larger than any answer should be. */
	push(piece: Buffer): Frame[] {
		const text = this.#rest + this.#decoder.decode(piece, { stream: true });
		const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
		this.#rest = blocks.pop() ?? "";
		if (this.#rest.length > maxFrameBytes)
			throw new Error(`An event of more than ${maxFrameBytes} bytes.`);
		return blocks.flatMap(toFrame);
	}

	/** What came without a blank line behind it. */
	end(): Frame[] {
		const rest = this.#rest;
		this.#rest = "";
		return rest.trim() === "" ? [] : toFrame(rest);
	}
}

function toFrame(block: string): Frame[] {
	let name: string | null = null;
	const data: string[] = [];
	for (const line of block.split(/\r\n|\n|\r/)) {
		const [, field = "", value = ""] =
			/^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
		if (field === "event") name = value;
		if (field === "data") data.push(value);
	}
	if (data.length === 0)
		return block.trim() === ""
			? []
			: [{ comment: Buffer.from(`${block}\n\n`) }];
	return [{ event: { name, data: parsed(data.join("\n")) } }];
}

function parsed(text: string): JsonValue {
	try {
		return JSON.parse(text) as JsonValue;
	} catch {
		// `[DONE]`, and whatever else is no JSON, is a text.
		return text;
	}
}

export function writeEvent({ name, data }: StreamedEvent): string {
	const text = typeof data === "string" ? data : JSON.stringify(data);
	const lines = text.split("\n").map((line) => `data: ${line}\n`);
	return `${name === null ? "" : `event: ${name}\n`}${lines.join("")}\n`;
}
