import type { ChatMessage } from "../core/chat-message.ts";
import { GalleyError } from "../core/errors.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import type {
	AdapterService,
	ChatTemplateOptions,
	FillInMiddleTokens,
	LanguageService,
	LiveState,
	ModelEntry,
	ModelFacts,
	ServiceLoad,
	ServiceState,
} from "../core/language-service.ts";
import { type OutputFormat, plainOutputFormat } from "../core/output-format.ts";
import type { StreamEvent } from "../core/stream-event.ts";

const retryAfterSeconds = 5;

/**
 * Stands behind the API from the moment the port is open. While the model is fetched, checked, converted or opened it tells how
 * far that is and refuses requests; once the model is there everything goes to it.
 */
export class ArrivingService implements LanguageService {
	readonly #entry: ModelEntry;
	readonly #facts: ModelFacts;
	#state: ServiceState = { phase: "loading", progress: 0, etaSeconds: null };
	#arrived: LanguageService | null = null;

	constructor(name: string) {
		this.#entry = {
			id: name,
			created: Math.floor(Date.now() / 1000),
			root: name,
			parent: null,
			maxModelLength: 0,
		};
		this.#facts = {
			architecture: "unknown",
			name,
			parameters: null,
			precision: "unknown",
			trainedContextLength: null,
			vocabularySize: 0,
			license: null,
			sizeBytes: 0,
			sha256: null,
			origin: null,
			hasChatTemplate: false,
			profile: { id: "", name: "" },
		};
	}

	/** Tells of what happens before there is a model. */
	setState(state: ServiceState): void {
		this.#state = state;
	}

	/** From now on `service` answers. */
	arrive(service: LanguageService): void {
		this.#arrived = service;
	}

	get model(): ModelEntry {
		return this.#arrived?.model ?? this.#entry;
	}

	get facts(): ModelFacts {
		return this.#arrived?.facts ?? this.#facts;
	}

	get adapters(): AdapterService | null {
		return this.#arrived === null ? noAdaptersYet : this.#arrived.adapters;
	}

	get controlTokenTexts(): readonly string[] {
		return this.#arrived?.controlTokenTexts ?? [];
	}

	models(): readonly ModelEntry[] {
		return this.#arrived?.models() ?? [this.#entry];
	}

	state(): ServiceState {
		return this.#arrived?.state() ?? this.#state;
	}

	load(): ServiceLoad {
		return (
			this.#arrived?.load() ?? {
				running: 0,
				waiting: 0,
				kvCacheUsage: 0,
				maxSequences: 0,
			}
		);
	}

	async liveState(): Promise<LiveState | null> {
		return (await this.#arrived?.liveState()) ?? null;
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		return this.#present().tokenize(text, options);
	}

	detokenize(
		tokens: Iterable<number>,
		options: { renderSpecialTokens: boolean },
	): string {
		return this.#present().detokenize(tokens, options);
	}

	tokenBytes(token: number): Uint8Array {
		return this.#present().tokenBytes(token);
	}

	renderChat(
		messages: readonly ChatMessage[],
		options: ChatTemplateOptions,
	): string {
		return this.#present().renderChat(messages, options);
	}

	get outputFormat(): OutputFormat {
		return this.#arrived?.outputFormat ?? plainOutputFormat;
	}

	get fillInMiddle(): FillInMiddleTokens | null {
		return this.#arrived?.fillInMiddle ?? null;
	}

	needsBos(renderedChat: string): boolean {
		return this.#present().needsBos(renderedChat);
	}

	generate(
		request: GenerationRequest,
		onEvent: (event: StreamEvent) => void,
	): () => void {
		return this.#present().generate(request, onEvent);
	}

	#present(): LanguageService {
		if (this.#arrived !== null) return this.#arrived;
		throw notHereYet();
	}
}

const noAdaptersYet: AdapterService = Object.freeze({
	list: () => [],
	load: () => Promise.reject(notHereYet()),
	unload: () => {
		throw notHereYet();
	},
});

function notHereYet(): GalleyError {
	return new GalleyError(
		"engine_unavailable",
		"The model is not here yet. Try again later.",
		{ retryAfterSeconds },
	);
}
