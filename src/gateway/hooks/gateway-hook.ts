/**
 * The contract of policy hooks: small ECMAScript modules, named in the fleet file, that see each request for a model and each
 * answer. They run in the gateway's process with all its rights: they are part of it, not visitors.
 */

export type JsonValue =
	| string
	| number
	| boolean
	| null
	| JsonValue[]
	| JsonObject;
export interface JsonObject {
	[key: string]: JsonValue;
}

type Awaitable<Value> = Value | Promise<Value>;

/** One request, the same object from its arrival to the end of its answer. */
export interface HookContext {
	/** As in `x-request-id`. */
	readonly requestId: string;
	/** Whose key it is; never the key. */
	readonly principal: {
		readonly keyId: string | null;
		readonly name: string;
		readonly tenant: string;
	};
	/** The name that was asked for. */
	readonly model: string;
	/** `/v1/chat/completions` */
	readonly path: string;
	/** This hook's own notes on this request. */
	readonly state: Map<string, unknown>;
}

export interface Refusal {
	action: "refuse";
	/** What the client reads; it says what to do next. */
	message: string;
	/** 400 where nothing is said; from 400 to 599. */
	status?: number;
}

interface Continue {
	action: "continue";
}

/** Nothing is the same as `continue`. */
export type RequestDecision =
	| undefined
	| Continue
	| { action: "replace"; body: JsonObject }
	| Refusal;
export type ResponseDecision = RequestDecision;
/** An event may become several, or none. */
export type EventDecision =
	| undefined
	| Continue
	| { action: "replace"; events: readonly StreamedEvent[] }
	| Refusal;

/** One server-sent event of a streamed answer. */
export interface StreamedEvent {
	/** After `event:`; null where there is none, as in OpenAI's chat completions. */
	name: string | null;
	/** Parsed; a string where it is no JSON, such as `[DONE]`. */
	data: JsonValue;
}

/** What a text of an answer is. */
export type TextKind = "content" | "reasoning" | "refusal" | "arguments";

/** Sees one text of an answer piece by piece, and gives what takes its place. What it needs to see more of it keeps back. */
export interface TextFilter {
	push(text: string): string;
	/** What was kept back. */
	end(): string;
}

export interface GatewayHook {
	/** In errors and logs; the module's file name where left out. */
	readonly name?: string;
	/** `body` is null where it is no JSON: a recording to be transcribed. What comes back is what later hooks and the model see. */
	onRequest?(
		body: JsonObject | null,
		context: HookContext,
	): Awaitable<RequestDecision>;
	/** A whole answer that is JSON and no error. */
	onResponse?(
		body: JsonObject,
		context: HookContext,
	): Awaitable<ResponseDecision>;
	/** An event of a streamed answer. */
	onEvent?(
		event: StreamedEvent,
		context: HookContext,
	): Awaitable<EventDecision>;
	/** Called once for each text of an answer (each choice, its reasoning, each tool call), whichever API it has and whether it is
	 * streamed or not. Null leaves it alone. */
	filterText?(kind: TextKind, context: HookContext): TextFilter | null;
}

/** What a module exports: `createHook`, `createAuthenticator`, or both. Called once, at start. */
export type CreateHook = (
	options: Readonly<Record<string, unknown>>,
) => Awaitable<GatewayHook>;

/** What a request tells of who sends it. */
export interface Credentials {
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly method: string;
	/** Without the query. */
	readonly path: string;
	readonly remoteAddress: string | null;
}

export interface HookPrincipal {
	name: string;
	tenant?: string;
	/** For usage and limits; the name where left out. */
	keyId?: string;
	/** `inference` alone where left out. */
	scopes?: readonly ("inference" | "read" | "admin")[];
	/** Patterns of models; all where left out. */
	models?: readonly string[];
}

/** Who it is; null where this one can't tell: then the gateway's own keys are asked. */
export interface AuthenticationHook {
	authenticate(credentials: Credentials): Awaitable<HookPrincipal | null>;
}

export type CreateAuthenticator = (
	options: Readonly<Record<string, unknown>>,
) => Awaitable<AuthenticationHook>;
