import {
	channelsEndedBy,
	dropLogprobs,
	type PlacedText,
	piecesOfEvent,
	textsOfBody,
	wholesOfEvent,
} from "./answer-texts.ts";
import type {
	HookContext,
	JsonObject,
	JsonValue,
	StreamedEvent,
	TextFilter,
	TextKind,
} from "./gateway-hook.ts";
import { RefusedByHook } from "./hook-error.ts";
import type { LoadedHook } from "./loaded-hook.ts";

interface Channel {
	/** Null where the hook leaves the text alone. */
	filter: TextFilter | null;
	/** The last event that brought a piece: what was kept back goes out in one like it. */
	event: StreamedEvent;
}

const isObject = (value: JsonValue): value is JsonObject =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/** One hook's view of one answer: of a whole body, or of events in their order. */
export class AnswerStage {
	readonly #loaded: LoadedHook;
	readonly #context: HookContext;
	readonly #channels = new Map<string, Channel>();
	/** Events that this stage has put in: Responses numbers its events. */
	#added = 0;

	constructor(loaded: LoadedHook, context: HookContext) {
		this.#loaded = loaded;
		this.#context = context;
	}

	/** Throws to refuse. */
	async whole(body: JsonObject): Promise<JsonObject> {
		this.#filterWholes(textsOfBody(body), body);
		const { hook, name } = this.#loaded;
		if (hook.onResponse === undefined) return body;
		const decision = await this.#loaded.run(
			() => hook.onResponse?.(body, this.#context),
			undefined,
		);
		if (decision?.action === "refuse") throw new RefusedByHook(name, decision);
		return decision?.action === "replace" ? decision.body : body;
	}

	/** What goes on in the place of an event. Throws to refuse. */
	async event(event: StreamedEvent): Promise<readonly StreamedEvent[]> {
		const { hook, name } = this.#loaded;
		const filtered =
			hook.filterText === undefined ? [event] : this.#filterEvent(event);
		if (hook.onEvent === undefined) return filtered;
		const passed: StreamedEvent[] = [];
		for (const one of filtered) {
			const decision = await this.#loaded.run(
				() => hook.onEvent?.(one, this.#context),
				undefined,
			);
			if (decision?.action === "refuse")
				throw new RefusedByHook(name, decision);
			if (decision?.action === "replace") passed.push(...decision.events);
			else passed.push(one);
		}
		return passed;
	}

	/** What is still kept back when a stream ends without saying so. */
	end(): StreamedEvent[] {
		return this.#flush([...this.#channels.keys()]);
	}

	#filterEvent(event: StreamedEvent): StreamedEvent[] {
		const pieces = piecesOfEvent(event);
		for (const { channel, kind } of pieces) {
			const open = this.#channels.get(channel);
			if (open === undefined)
				this.#channels.set(channel, { filter: this.#open(kind), event });
			else open.event = event;
		}
		const ended = channelsEndedBy(event, [...this.#channels.keys()]);
		// A text that ends in the event that brings its last piece ends there.
		for (const piece of pieces) {
			const { filter } = this.#channels.get(piece.channel) as Channel;
			if (filter === null) continue;
			const isLast = ended.includes(piece.channel);
			const text = this.#loaded.runNow(
				() => filter.push(piece.text) + (isLast ? filter.end() : ""),
				piece.text,
			);
			piece.replace(text);
			if (isLast) this.#channels.delete(piece.channel);
		}
		const before = this.#flush(
			ended.filter((channel) => this.#channels.has(channel)),
		);
		if (isObject(event.data)) {
			this.#filterWholes(wholesOfEvent(event), event.data);
			const { sequence_number: number } = event.data;
			if (typeof number === "number" && this.#added > 0)
				event.data.sequence_number = number + this.#added;
		}
		return [...before, event];
	}

	#open(kind: TextKind): TextFilter | null {
		const { hook } = this.#loaded;
		return this.#loaded.runNow(
			() => hook.filterText?.(kind, this.#context) ?? null,
			null,
		);
	}

	#filterWholes(texts: readonly PlacedText[], owner: JsonValue): void {
		if (this.#loaded.hook.filterText === undefined) return;
		dropLogprobs(owner);
		for (const { kind, text, replace } of texts) {
			const filter = this.#open(kind);
			if (filter !== null)
				replace(
					this.#loaded.runNow(() => filter.push(text) + filter.end(), text),
				);
		}
	}

	#flush(channels: readonly string[]): StreamedEvent[] {
		const events: StreamedEvent[] = [];
		for (const name of channels) {
			const { filter, event } = this.#channels.get(name) as Channel;
			this.#channels.delete(name);
			const rest =
				filter === null ? "" : this.#loaded.runNow(() => filter.end(), "");
			if (rest === "") continue;
			const another = structuredClone(event);
			for (const piece of piecesOfEvent(another))
				piece.replace(piece.channel === name ? rest : "");
			if (isObject(another.data)) {
				const { sequence_number: number } = another.data;
				this.#added++;
				if (typeof number === "number")
					another.data.sequence_number = number + 1;
			}
			events.push(another);
		}
		return events;
	}
}
