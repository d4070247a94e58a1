import type { ChatMessage } from "../../core/chat-message.ts";
import { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type {
	AdapterService,
	FillInMiddleTokens,
	LanguageService,
	LiveState,
	ModelEntry,
	ServiceState,
} from "../../core/language-service.ts";
import {
	type OutputFormat,
	plainOutputFormat,
} from "../../core/output-format.ts";
import type { StreamEvent, TokenLogprob } from "../../core/stream-event.ts";

/** What a generation says, in order. Each text is one delta; its bytes are its tokens. */
export interface Script {
	deltas: readonly string[];
	/** Between events; 0 gives one event a turn of the event loop. */
	delayMs?: number;
	/** Instead of `start`. */
	errorAtStart?: GalleyError;
	/** Instead of the rest, after so many deltas. */
	errorAfter?: { deltas: number; error: GalleyError };
	/** Never says anything, until it's cancelled. */
	isSilent?: boolean;
}

export interface ScriptedService {
	service: LanguageService;
	/** Everything that was asked for. */
	requests: GenerationRequest[];
	/** Request ids whose generation was cancelled before its terminal event. */
	cancelled: string[];
	/** Deltas told to listeners, by request id. */
	deltaCounts: Map<string, number>;
	terminalEvents: { id: string; type: "finish" | "error" }[];
	setState(state: ServiceState): void;
	/** An engine with nothing to do unless told otherwise. */
	setLiveState(live: LiveState | null): void;
	setScript(script: Script | ((request: GenerationRequest) => Script)): void;
}

const idle: LiveState = Object.freeze({
	requests: [],
	kvCells: 4096,
	kvCacheUsage: 0,
	retainedTokens: 0,
	savedTokens: 0,
	kvLayout: "unified",
	maxSequences: 8,
	targetItlMs: 50,
});

const controlTexts = ["<|im_start|>", "<|im_end|>", "<s>"];
const beginToken = 258;
const vocabularySize = 259;

/**
 * A service without a model: a token is a byte, or one of three control tokens; the template is ChatML; answers are
 * scripted.
 */
export function createScriptedService(
	options: {
		maxModelLength?: number;
		adapters?: readonly string[];
		/** What the routes that load and unload speak to. */
		adapterService?: AdapterService;
		script?: Script | ((request: GenerationRequest) => Script);
		controlTokenTexts?: readonly string[];
		/** Of a model that writes calls and reasoning; plain text unless given. */
		outputFormat?: OutputFormat;
		/** Null unless given. */
		fillInMiddle?: FillInMiddleTokens;
	} = {},
): ScriptedService {
	const { maxModelLength = 4096, adapters = [] } = options;
	let state: ServiceState = { phase: "ready" };
	let live: LiveState | null = idle;
	let script = options.script ?? { deltas: ["Hello", ",", " world", "!"] };
	const requests: GenerationRequest[] = [];
	const cancelled: string[] = [];
	const deltaCounts = new Map<string, number>();
	const terminalEvents: ScriptedService["terminalEvents"] = [];
	const model: ModelEntry = {
		id: "scripted",
		created: 1_700_000_000,
		root: "scripted",
		parent: null,
		maxModelLength,
	};
	const service: LanguageService = {
		model,
		facts: {
			architecture: "llama",
			name: "Scripted",
			parameters: 135_000_000,
			precision: "Q8_0",
			trainedContextLength: maxModelLength,
			vocabularySize,
			license: "apache-2.0",
			sizeBytes: 1234,
			sha256: "ab".repeat(32),
			origin: null,
			hasChatTemplate: true,
			profile: { id: "0123", name: "llama-q8_0-cpu" },
		},
		controlTokenTexts: options.controlTokenTexts ?? controlTexts,
		outputFormat: options.outputFormat ?? plainOutputFormat,
		adapters: options.adapterService ?? null,
		fillInMiddle: options.fillInMiddle ?? null,
		needsBos: () => false,
		models: () => [
			model,
			...adapters.map((id) => ({ ...model, id, parent: model.id })),
		],
		state: () => state,
		load: () => ({ running: 0, waiting: 0, kvCacheUsage: 0, maxSequences: 8 }),
		liveState: async () => live,
		tokenize,
		detokenize,
		tokenBytes,
		renderChat,
		generate(request, onEvent) {
			requests.push(request);
			const chosen = typeof script === "function" ? script(request) : script;
			const tell = (event: StreamEvent) => {
				if (event.type === "delta") {
					deltaCounts.set(request.id, (deltaCounts.get(request.id) ?? 0) + 1);
				}
				if (event.type === "finish" || event.type === "error") {
					terminalEvents.push({ id: request.id, type: event.type });
				}
				onEvent(event);
			};
			return play(request, chosen, tell, () => cancelled.push(request.id));
		},
	};
	return {
		service,
		requests,
		cancelled,
		deltaCounts,
		terminalEvents,
		setState: (next) => {
			state = next;
		},
		setLiveState: (next) => {
			live = next;
		},
		setScript: (next) => {
			script = next;
		},
	};
}

function play(
	request: GenerationRequest,
	script: Script,
	tell: (event: StreamEvent) => void,
	onCancel: () => void,
): () => void {
	let hasEnded = false;
	const events = script.isSilent === true ? [] : toEvents(request, script);
	const step = () => {
		if (hasEnded) return;
		const event = events.shift();
		if (event === undefined) return;
		hasEnded = event.type === "finish" || event.type === "error";
		tell(event);
		later(step);
	};
	const later = (run: () => void) => {
		const delayMs = script.delayMs ?? 0;
		if (delayMs === 0) setImmediate(run);
		else setTimeout(run, delayMs);
	};
	later(step);
	return () => {
		if (hasEnded) return;
		hasEnded = true;
		onCancel();
		const error = new GalleyError(
			"client_closed",
			"The request was cancelled.",
		);
		setImmediate(() => tell({ type: "error", error }));
	};
}

function toEvents(request: GenerationRequest, script: Script): StreamEvent[] {
	if (script.errorAtStart !== undefined) {
		return [{ type: "error", error: script.errorAtStart }];
	}
	const promptTokens = request.promptTokens.length;
	const events: StreamEvent[] = [
		{
			type: "start",
			promptTokens,
			cachedTokens: promptTokens - 1,
			promptLogprobs: toPromptLogprobs(request),
		},
	];
	const limit = request.stop.maxTokens ?? Number.POSITIVE_INFINITY;
	let completionTokens = 0;
	const counts = new Array<number>(request.choices).fill(0);
	for (const [index, text] of script.deltas.entries()) {
		if (script.errorAfter?.deltas === index) break;
		for (let choice = 0; choice < request.choices; choice++) {
			const used = counts[choice] ?? 0;
			if (used >= limit) continue;
			const tokens = [...tokenize(text)].slice(0, limit - used);
			counts[choice] = used + tokens.length;
			completionTokens += tokens.length;
			events.push({
				type: "delta",
				choice,
				text: detokenize(tokens),
				tokens,
				logprobs:
					request.logprobs === null
						? null
						: tokens.map((token) => toLogprob(token, request.logprobs ?? 0)),
			});
		}
	}
	if (script.errorAfter !== undefined) {
		return [...events, { type: "error", error: script.errorAfter.error }];
	}
	for (let choice = 0; choice < request.choices; choice++) {
		const finishReason = (counts[choice] ?? 0) >= limit ? "length" : "stop";
		events.push({ type: "choice-end", choice, finishReason, stopReason: null });
	}
	const usage = {
		promptTokens,
		cachedTokens: promptTokens - 1,
		completionTokens,
	};
	return [...events, { type: "finish", usage }];
}

function toPromptLogprobs(
	request: GenerationRequest,
): (TokenLogprob | null)[] | null {
	const count = request.promptLogprobs;
	if (count === null) return null;
	return Array.from(request.promptTokens, (token, index) =>
		index === 0 ? null : toLogprob(token, count),
	);
}

/** The token itself is the likeliest, `x` the next. */
function toLogprob(token: number, count: number): TokenLogprob {
	const own = { token, bytes: tokenBytes(token), logprob: -0.5 };
	const other = { token: 120, bytes: tokenBytes(120), logprob: -1.5 };
	return { ...own, top: [own, other].slice(0, count) };
}

function tokenize(
	text: string,
	options: { addSpecial: boolean; parseSpecial: boolean } = {
		addSpecial: false,
		parseSpecial: false,
	},
): Int32Array {
	const parts = options.parseSpecial
		? text.split(/(<\|im_start\|>|<\|im_end\|>|<s>)/)
		: [text];
	const tokens = parts.flatMap((part) => {
		const control = options.parseSpecial ? controlTexts.indexOf(part) : -1;
		return control >= 0 ? [256 + control] : [...Buffer.from(part, "utf8")];
	});
	return Int32Array.from(options.addSpecial ? [beginToken, ...tokens] : tokens);
}

function tokenBytes(token: number): Uint8Array {
	if (token < 256) return Uint8Array.of(token);
	return Buffer.from(controlTexts[token - 256] ?? "", "utf8");
}

function detokenize(
	tokens: Iterable<number>,
	options = { renderSpecialTokens: false },
): string {
	const shown = [...tokens].filter(
		(token) => token < 256 || options.renderSpecialTokens,
	);
	return Buffer.concat(shown.map(tokenBytes)).toString("utf8");
}

function renderChat(
	messages: readonly ChatMessage[],
	options: { addGenerationPrompt: boolean; chatTemplate?: string | undefined },
): string {
	if (options.chatTemplate === "throws") {
		throw new GalleyError("template_error", "The chat template failed.");
	}
	const turns = messages.map(
		({ role, content }) => `<|im_start|>${role}\n${content.trim()}<|im_end|>\n`,
	);
	if (options.addGenerationPrompt) turns.push("<|im_start|>assistant\n");
	return turns.join("");
}
