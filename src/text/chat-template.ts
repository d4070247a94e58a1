import type { ChatMessage, ChatTool } from "../core/chat-message.ts";
import { GalleyError } from "../core/errors.ts";
import type { ChatTemplateOptions } from "../core/language-service.ts";
import { chatMlTemplate } from "./chat-ml-template.ts";
import {
	CompiledTemplate,
	TemplateRefusal,
	templateGlobals,
} from "./compiled-template.ts";
import { describeTools } from "./described-tools.ts";
import {
	defaultTemplateLimits,
	TemplateLimitError,
	type TemplateLimits,
} from "./template-budget.ts";
import {
	type TemplateTraits,
	toTemplateMessages,
	toTemplateTools,
} from "./template-messages.ts";
import { probeToolCallTraits, probeTraits } from "./template-traits.ts";

export interface ChatTemplatesOptions {
	/** The model's own; null takes ChatML. */
	template: string | null;
	/** The model's template named `tool_use`, taken when a request has tools. */
	toolUseTemplate?: string | null | undefined;
	/** The tokens' text, "" where the model has none. */
	bosToken: string;
	eosToken: string;
	limits?: Partial<TemplateLimits> | undefined;
	/** For templates that write the date. */
	now?: (() => Date) | undefined;
}

/** A template and what has been found out about it. */
interface Loaded {
	template: CompiledTemplate;
	traits: TemplateTraits;
	knowsToolCallTraits: boolean;
	/** Whether it has a place for tools, and for calls of them. */
	knowsTools: boolean;
	knowsToolCalls: boolean;
}

/** Templates that came with requests and are kept, the last used ones. */
const maxGivenTemplates = 16;
/** Of the steps that the model's own template may take: a stranger's gets less. */
const givenTemplateShare = 0.125;
/** Small conversations take a few thousand. */
const maxProbeSteps = 100_000;
const maxReasonLength = 1000;
const reservedVariables = ["messages", "tools", "add_generation_prompt"];

/**
 * Turns conversations into prompts for one model. Whatever a template does, it ends in a text or in a GalleyError of code
 * `template_error`; how much it may do is bounded by `TemplateLimits`.
 */
export class ChatTemplates {
	/** Why the model's own template can't be used; requests that don't bring one are refused with it. */
	readonly problem: GalleyError | null;
	readonly #own: Loaded | GalleyError;
	readonly #toolUse: Loaded | GalleyError | null;
	readonly #given = new Map<string, Loaded>();
	readonly #specialTokens: Readonly<Record<"bos_token" | "eos_token", string>>;
	readonly #limits: TemplateLimits;
	readonly #now: () => Date;

	constructor(options: ChatTemplatesOptions) {
		const { template, toolUseTemplate, bosToken, eosToken } = options;
		this.#specialTokens = { bos_token: bosToken, eos_token: eosToken };
		this.#limits = { ...defaultTemplateLimits, ...options.limits };
		this.#now = options.now ?? (() => new Date());
		this.#own = this.#loadOwn(template ?? chatMlTemplate);
		this.#toolUse =
			typeof toolUseTemplate === "string"
				? this.#loadOwn(toolUseTemplate)
				: null;
		this.problem = this.#own instanceof GalleyError ? this.#own : null;
	}

	/** Throws GalleyError `template_error`. */
	render(
		givenMessages: readonly ChatMessage[],
		options: ChatTemplateOptions,
	): string {
		const { chatTemplate, variables = {} } = options;
		checkVariables(variables);
		const hasTools = (options.tools ?? []).length > 0;
		const loaded = this.#choose(chatTemplate, hasTools);
		const { messages, tools } = withPlacedTools(
			loaded,
			givenMessages,
			options.tools ?? [],
		);
		if (messages.some(({ toolCalls = [] }) => toolCalls.length > 0))
			this.#probeToolCalls(loaded);
		try {
			const all = {
				...this.#variables(messages, tools, loaded.traits),
				add_generation_prompt: options.addGenerationPrompt,
				...variables,
			};
			return loaded.template.render(all, this.#now);
		} catch (thrown) {
			throw toRenderError(thrown);
		}
	}

	/**
	 * Whether a rendered prompt begins with the begin-of-sequence token already. It must then be tokenized without special
	 * tokens, or the model sees the token twice.
	 */
	writesBos(prompt: string): boolean {
		const { bos_token: bosToken } = this.#specialTokens;
		return bosToken !== "" && prompt.startsWith(bosToken);
	}

	#choose(given: string | undefined, hasTools: boolean): Loaded {
		if (given !== undefined) return this.#loadGiven(given);
		const own = hasTools && this.#toolUse !== null ? this.#toolUse : this.#own;
		if (own instanceof GalleyError) throw own;
		return own;
	}

	#loadGiven(source: string): Loaded {
		const known = this.#given.get(source);
		const maxSteps = Math.ceil(this.#limits.maxSteps * givenTemplateShare);
		const limits = { ...this.#limits, maxSteps };
		const loaded = known ?? this.#load(source, limits, toGivenTemplateError);
		// Taken out and put back, so that the first entry is the one not used for longest.
		this.#given.delete(source);
		this.#given.set(source, loaded);
		const [oldest] = this.#given.keys();
		if (this.#given.size > maxGivenTemplates && oldest !== undefined)
			this.#given.delete(oldest);
		return loaded;
	}

	#loadOwn(source: string): Loaded | GalleyError {
		try {
			return this.#load(source, this.#limits, toOwnTemplateError);
		} catch (thrown) {
			if (thrown instanceof GalleyError) return thrown;
			throw thrown;
		}
	}

	#load(
		source: string,
		limits: TemplateLimits,
		toError: (thrown: unknown) => GalleyError,
	): Loaded {
		try {
			const template = new CompiledTemplate(source, limits);
			const traits = probeTraits(this.#probe(template), source);
			return {
				template,
				traits,
				knowsToolCallTraits: false,
				knowsTools: /\btools\b/.test(source),
				knowsToolCalls: /\btool_calls\b/.test(source),
			};
		} catch (thrown) {
			throw toError(thrown);
		}
	}

	#probeToolCalls(loaded: Loaded): void {
		if (loaded.knowsToolCallTraits) return;
		const probe = this.#probe(loaded.template);
		loaded.traits = probeToolCallTraits(probe, loaded.traits);
		loaded.knowsToolCallTraits = true;
	}

	#probe(template: CompiledTemplate) {
		return (
			messages: readonly ChatMessage[],
			tools: readonly ChatTool[] | null,
			traits: TemplateTraits,
		): string | null => {
			try {
				const all = {
					...this.#variables(messages, tools ?? [], traits),
					add_generation_prompt: false,
				};
				return template.render(all, this.#now, maxProbeSteps);
			} catch (thrown) {
				// A refusal is an answer here; what a real conversation gets is said when it is rendered.
				if (thrown instanceof Error) return null;
				throw thrown;
			}
		};
	}

	#variables(
		messages: readonly ChatMessage[],
		tools: readonly ChatTool[],
		traits: TemplateTraits,
	): Record<string, unknown> {
		return {
			...this.#specialTokens,
			messages: toTemplateMessages(messages, traits),
			tools: tools.length === 0 ? traits.absentTools : toTemplateTools(tools),
		};
	}
}

/** What the template has no place for becomes part of the messages. */
function withPlacedTools(
	{ knowsTools, knowsToolCalls }: Loaded,
	messages: readonly ChatMessage[],
	tools: readonly ChatTool[],
): { messages: readonly ChatMessage[]; tools: readonly ChatTool[] } {
	const hasCalls = messages.some(({ toolCalls = [] }) => toolCalls.length > 0);
	const isPlaced =
		(tools.length === 0 || knowsTools) && (!hasCalls || knowsToolCalls);
	return isPlaced
		? { messages, tools }
		: {
				messages: describeTools(messages, knowsTools ? [] : tools),
				tools: knowsTools ? tools : [],
			};
}

function checkVariables(variables: Readonly<Record<string, unknown>>): void {
	for (const name of Object.keys(variables)) {
		if (!reservedVariables.includes(name) && !templateGlobals.has(name))
			continue;
		throw new GalleyError(
			"template_error",
			`The template variable ${name} is set by the request itself; take it out of chat_template_kwargs.`,
			{ param: `chat_template_kwargs.${name}` },
		);
	}
}

function reasonOf(thrown: unknown): string {
	const reason = thrown instanceof Error ? thrown.message : String(thrown);
	return reason.length > maxReasonLength
		? `${reason.slice(0, maxReasonLength)} ...`
		: reason || "no reason given";
}

function toGivenTemplateError(thrown: unknown): GalleyError {
	return new GalleyError(
		"template_error",
		`The chat template of the request can't be used: ${reasonOf(thrown)}. Correct it, or leave it out to use the model's own.`,
		{ param: "chat_template", cause: thrown },
	);
}

function toOwnTemplateError(thrown: unknown): GalleyError {
	return new GalleyError(
		"template_error",
		`The model's own chat template can't be used: ${reasonOf(thrown)}. Start the service with another one, or send prompts to /v1/completions.`,
		{ cause: thrown },
	);
}

function toRenderError(thrown: unknown): GalleyError {
	const options = { param: "messages", cause: thrown };
	if (thrown instanceof TemplateRefusal) {
		return new GalleyError(
			"template_error",
			`The chat template refuses this conversation: ${reasonOf(thrown)}`,
			options,
		);
	}
	const isOutOfRoom = thrown instanceof RangeError;
	const reason = isOutOfRoom
		? "a value is nested too deep or too long"
		: reasonOf(thrown);
	return new GalleyError(
		"template_error",
		thrown instanceof TemplateLimitError || isOutOfRoom
			? `The chat template was stopped: ${reason}. Send a shorter conversation or a simpler template.`
			: `The chat template failed on this conversation: ${reason}.`,
		options,
	);
}
