import type { ChatMessage, ChatTool } from "./chat-message.ts";
import type { GenerationRequest } from "./generation-request.ts";
import type { StreamEvent } from "./stream-event.ts";

/** What `/v1/models` and `/v1/metadata` tell of one model name. */
export interface ModelEntry {
	id: string;
	/** Unix time in seconds. */
	created: number;
	/** The base model's id; its own for the base model. */
	root: string;
	/** The base model's id for an adapter, null for the base model. */
	parent: string | null;
	/** Tokens of prompt and completion together. */
	maxModelLength: number;
}

export interface ModelFacts {
	/** From the GGUF's metadata, e.g. `llama`. */
	architecture: string;
	name: string;
	parameters: number | null;
	/** E.g. `Q8_0`. */
	precision: string;
	trainedContextLength: number | null;
	vocabularySize: number;
	license: string | null;
	/** Bytes on disk. */
	sizeBytes: number;
	/** Hex sha256 of the weights where known. */
	sha256: string | null;
	hasChatTemplate: boolean;
	profile: { id: string; name: string };
}

export type ServiceState =
	| {
			phase: "loading" /** 0 to 1. */;
			progress: number;
			etaSeconds: number | null;
	  }
	| { phase: "ready" }
	| { phase: "restarting"; retryAfterSeconds: number; reason: string }
	| { phase: "draining" }
	| { phase: "failed"; reason: string };

export interface ChatTemplateOptions {
	addGenerationPrompt: boolean;
	tools?: readonly ChatTool[] | undefined;
	/** Overrides the model's own template. */
	chatTemplate?: string | undefined;
	/** Extra variables for the template, vLLM's `chat_template_kwargs`. */
	variables?: Readonly<Record<string, unknown>> | undefined;
}

export interface ServiceLoad {
	running: number;
	waiting: number;
	/** 0 to 1. */
	kvCacheUsage: number;
	maxSequences: number;
}

/** One choice of one request, as the engine sees it now. */
export interface LiveRequestInfo {
	/** As in `X-Request-Id`. */
	id: string;
	choice: number;
	state: "waiting" | "prefill" | "decode";
	/** What a waiting one waits for; null when it runs. */
	waitsFor: "slot" | "memory" | "prefix" | null;
	/** Lower runs first. */
	priority: number;
	promptTokens: number;
	/** Of the prompt tokens, those that were not computed again. */
	cachedTokens: number;
	/** Tokens in the KV cache now. */
	computedTokens: number;
	generatedTokens: number;
	preemptions: number;
	/** Since arrival. */
	ageSeconds: number;
}

/** What the engine holds at one moment. */
export interface LiveState {
	requests: readonly LiveRequestInfo[];
	kvCells: number;
	/** 0 to 1: cells that running requests hold. */
	kvCacheUsage: number;
	/** Kept for future requests, held by no running one. */
	retainedTokens: number;
	/** Saved outside the KV cache. */
	savedTokens: number;
	kvLayout: "unified" | "streams";
	maxSequences: number;
	/** The inter-token latency that the scheduler aims at; 0 when there is no target. */
	targetItlMs: number;
}

/** One base model, ready to generate: what the API surfaces speak to. */
export interface LanguageService {
	readonly model: ModelEntry;
	readonly facts: ModelFacts;
	/** Texts of the vocabulary's control tokens, e.g. `<|im_end|>`: with them the API keeps control tokens out of what users write. */
	readonly controlTokenTexts: readonly string[];
	/** Base model first, adapters behind it. */
	models(): readonly ModelEntry[];
	state(): ServiceState;
	load(): ServiceLoad;
	/** What runs and waits in the engine now; null when no engine is ready to tell. */
	liveState(): Promise<LiveState | null>;
	/** Invalid UTF-16 (lone surrogates) is tokenized as U+FFFD. */
	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array;
	detokenize(
		tokens: Iterable<number>,
		options: { renderSpecialTokens: boolean },
	): string;
	/** The bytes of one token, control tokens by their text. */
	tokenBytes(token: number): Uint8Array;
	/** Throws GalleyError `template_error` when the template refuses the messages. */
	renderChat(
		messages: readonly ChatMessage[],
		options: ChatTemplateOptions,
	): string;
	/** Whether the begin-of-sequence token goes before a rendered chat: the model wants one, and the template wrote none. */
	needsBos(renderedChat: string): boolean;
	/**
	 * Starts a request. `onEvent` hears the events of stream-event.ts, never before this function has returned and always
	 * with exactly one terminal event at the end. The returned function cancels: safe at any time, any number of times;
	 * a cancelled request ends with an error event of code `client_closed`.
	 */
	generate(
		request: GenerationRequest,
		onEvent: (event: StreamEvent) => void,
	): () => void;
}
