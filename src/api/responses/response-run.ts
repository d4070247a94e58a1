import { GalleyError, toGalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { LanguageService } from "../../core/language-service.ts";
import type { FinishReason, Usage } from "../../core/stream-event.ts";
import type { ParsedChoice } from "../generation/parsed-choice.ts";
import { runGenerations } from "../generation/run-generations.ts";
import { inOwnWords } from "./own-words.ts";
import { type ResponseEvent, toFrame } from "./response-events.ts";
import type { ResponseObject } from "./response-object.ts";
import { ResponseWriter } from "./response-writer.ts";

/** Hears of a run. */
export interface RunListener {
	/** An event of the stream; who leaves it out waits for the response alone. */
	frame?(frame: string): void;
	/** It ended before it began: nothing was told and nothing will be. */
	refused(error: GalleyError): void;
	/** All is told and stored. `error` is what it failed with. */
	ended(error: GalleyError | null): void;
}

export interface RunOptions {
	service: LanguageService;
	request: GenerationRequest;
	response: ResponseObject;
	/** Who asked waits for no answer: it goes on without listeners, and even an early error is a failed response. */
	isDetached: boolean;
	summarizes: boolean;
	reader: ParsedChoice;
	/** Makes it last; null when it must not. */
	save:
		| ((
				response: ResponseObject,
				frames: readonly string[] | null,
		  ) => Promise<void>)
		| null;
	onPromptTokens: (count: number) => void;
	onCompletionTokens: (count: number) => void;
}

/** Makes one response: from the generation's events to the response object and the frames of its stream. */
export class ResponseRun {
	/** Grows while it runs. */
	readonly response: ResponseObject;
	readonly #options: RunOptions;
	readonly #writer: ResponseWriter;
	readonly #listeners = new Set<RunListener>();
	/** Kept for detached runs only: whoever comes later hears all of it. */
	readonly #frames: string[] = [];
	#sequenceNumber = 0;
	#isStreamed = false;
	#finishReason: FinishReason = "stop";
	#hasBegun = false;
	#isSettling = false;
	#hasEnded = false;
	#stop: () => void = () => {};

	constructor(options: RunOptions) {
		this.#options = options;
		this.response = options.response;
		this.#writer = new ResponseWriter(
			options.response,
			(event) => this.#emit(event),
			{ summarizes: options.summarizes },
		);
	}

	/** Of a detached run; the place is the sequence number. */
	get frames(): readonly string[] {
		return this.#frames;
	}

	get hasEnded(): boolean {
		return this.#hasEnded;
	}

	listen(listener: RunListener): () => void {
		this.#listeners.add(listener);
		if (listener.frame !== undefined) this.#isStreamed = true;
		return () => this.#listeners.delete(listener);
	}

	start(): void {
		const { service, request, reader, isDetached } = this.#options;
		if (isDetached) {
			this.#writer.queue();
			this.#hasBegun = true;
		}
		this.#stop = runGenerations(service, [request], {
			start: (_prompt, event) => {
				if (this.#isSettling) return;
				this.#options.onPromptTokens(event.promptTokens);
				this.#hasBegun = true;
				this.#writer.begin();
			},
			delta: (_choice, event) => {
				if (this.#isSettling) return;
				this.#options.onCompletionTokens(event.tokens.length);
				for (const piece of reader.read(event)) this.#writer.write(piece);
			},
			choiceEnd: (_choice, event) => {
				this.#finishReason = event.finishReason;
			},
			finish: (usage) => void this.#finish(usage),
			error: (error) => void this.#fail(inOwnWords(error)),
		});
	}

	/** Ends it as it stands; what was told so far stays. Safe at any time, any number of times. */
	async cancel(): Promise<void> {
		if (this.#isSettling) return;
		this.#isSettling = true;
		this.#writer.cancel();
		this.#stop();
		await this.#settle(() => this.#writer.tellCancelled(), null);
	}

	/** Nobody waits any longer: the generation ends, and nothing is stored. */
	abandon(): void {
		this.#stop();
	}

	async #finish(usage: Usage): Promise<void> {
		if (this.#isSettling) return;
		this.#isSettling = true;
		const { reader } = this.#options;
		try {
			for (const piece of reader.end()) {
				// A call that is closed only because all ended was cut.
				if (piece.type === "call-end" && this.#finishReason === "length")
					continue;
				this.#writer.write(piece);
			}
			const now = Math.floor(Date.now() / 1000);
			this.#writer.end(this.#finishReason, usage, reader.reasoningTokens, now);
		} catch (thrown) {
			const error = toGalleyError(thrown);
			return this.#settle(() => this.#writer.fail(error), error);
		}
		await this.#settle(() => this.#writer.complete(), null);
	}

	async #fail(error: GalleyError): Promise<void> {
		if (this.#isSettling) return;
		this.#isSettling = true;
		if (!this.#hasBegun) {
			this.#hasEnded = true;
			for (const listener of this.#listeners) listener.refused(error);
			return;
		}
		await this.#settle(() => this.#writer.fail(error), error);
	}

	/** Stored first, told afterwards: a client that hears of the end may continue the response at once. */
	async #settle(tell: () => void, failure: GalleyError | null): Promise<void> {
		const { save, isDetached } = this.#options;
		let error = failure;
		// Of what failed nobody else got the id.
		const isKept = failure === null || isDetached || this.#isStreamed;
		const isGone = error?.code === "client_closed" && !isDetached;
		// A detached run's frames are stored with it, the last ones included.
		if (isDetached || error !== null) tell();
		if (save !== null && isKept && !isGone) {
			try {
				await save(this.response, isDetached ? this.#frames : null);
			} catch (thrown) {
				const cause = toGalleyError(thrown);
				if (error === null && !isDetached) {
					error = new GalleyError(
						"internal",
						"The response could not be stored: send 'store': false, or try again.",
						{ cause },
					);
					this.#writer.fail(error);
				}
				error ??= cause;
			}
		}
		if (!isDetached && error === null) tell();
		this.#hasEnded = true;
		for (const listener of this.#listeners) listener.ended(error);
	}

	#emit(event: ResponseEvent): void {
		const { isDetached } = this.#options;
		if (!isDetached && !this.#isStreamed) return;
		const frame = toFrame(event, this.#sequenceNumber);
		this.#sequenceNumber++;
		if (isDetached) this.#frames.push(frame);
		for (const listener of this.#listeners) listener.frame?.(frame);
	}
}
