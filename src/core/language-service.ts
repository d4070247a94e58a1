import type { ChatMessage, ChatTool } from "./chat-message.ts";
import type { GenerationRequest } from "./generation-request.ts";
import type { OutputFormat } from "./output-format.ts";
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

/** The pinned place on a hub, or a URL, that a model was downloaded from. */
export interface ModelOrigin {
	/** How the cache calls it: `hf://org/repo:Q4_K_M`, or the URL. */
	reference: string;
	/** `org/repo`; null for a URL. */
	repository: string | null;
	/** The commit; empty for a URL. */
	revision: string;
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
	/** Hex sha256 of the weights where known; of the first file where there are several. */
	sha256: string | null;
	/** Where the weights came from; null for a file of the operator's own. */
	origin: ModelOrigin | null;
	hasChatTemplate: boolean;
	profile: { id: string; name: string };
}

/** What happens to a model before it can be loaded. */
export type PreparationStage =
	| "resolve"
	| "download"
	| "verify"
	| "convert"
	| "quantize";

export interface Preparation {
	stage: PreparationStage;
	/** 0 to 1; null while nobody knows how much there is. */
	progress: number | null;
	/** Of the download or of what is read; null where a stage doesn't count bytes. */
	receivedBytes: number | null;
	totalBytes: number | null;
	bytesPerSecond: number | null;
	etaSeconds: number | null;
}

export type ServiceState =
	| ({ phase: "preparing" } & Preparation)
	| {
			phase: "loading" /** 0 to 1. */;
			progress: number;
			etaSeconds: number | null;
	  }
	| { phase: "ready" }
	| { phase: "restarting"; retryAfterSeconds: number; reason: string }
	| { phase: "draining" }
	| { phase: "failed"; reason: string };

/** A LoRA adapter of the base model, as an operator sees it. */
export interface AdapterInfo {
	name: string;
	/** Changes whenever the name stands for another content; vLLM's `lora_int_id`. */
	id: number;
	/** Requests can use it when it is ready. */
	state: "loading" | "ready" | "failed";
	/** Why it can't be used, or why a newer content can't take its place; null when all is well. */
	problem: string | null;
	/** What the operator gave: a GGUF file or a directory. */
	path: string;
	/** Null until the file was read. */
	rank: number | null;
	sizeBytes: number | null;
	/** Unix time in seconds. */
	created: number;
}

/** The adapters of a service. */
export interface AdapterService {
	list(): readonly AdapterInfo[];
	/** Adds one; throws GalleyError with the reason when it can't be used. */
	load(name: string, path: string): Promise<AdapterInfo>;
	/** Takes a name away. What runs with it goes on. Throws `model_not_found`; `id`, where given, must be the present one. */
	unload(name: string, id: number | null): AdapterInfo;
}

export interface ChatTemplateOptions {
	addGenerationPrompt: boolean;
	tools?: readonly ChatTool[] | undefined;
	/** Overrides the model's own template. */
	chatTemplate?: string | undefined;
	/** Extra variables for the template, vLLM's `chat_template_kwargs`. */
	variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Tokens that stand before the three parts of a text whose middle is to be filled in. */
export interface FillInMiddleTokens {
	prefix: number;
	suffix: number;
	middle: number;
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
	/** Names of the adapters it is computed with. */
	adapters: readonly string[];
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
	/** How the model writes reasoning and tool calls. */
	readonly outputFormat: OutputFormat;
	/** Null where the model wasn't trained to fill in the middle. */
	readonly fillInMiddle: FillInMiddleTokens | null;
	/** Base model first, adapters behind it. */
	models(): readonly ModelEntry[];
	/** Null where none can be. */
	readonly adapters: AdapterService | null;
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
