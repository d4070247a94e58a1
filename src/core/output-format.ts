/**
 * How one model writes what is not content: its reasoning and its tool calls. Text in, pieces out; made by `text/` from the
 * model's chat template, carried by the service, used by the API surfaces.
 */

/** In the order in which they arrive. A call's arguments come between its `call` and its `call-end`. */
export type OutputPiece =
	| { type: "text"; text: string }
	| { type: "reasoning"; text: string }
	/** Calls of one choice are numbered from 0. */
	| { type: "call"; index: number; id: string; name: string }
	/** JSON text, in pieces. */
	| { type: "arguments"; index: number; text: string }
	| { type: "call-end"; index: number };

/** Takes the output of one choice apart. What cannot be read as a call is text, exactly as it was written. */
export interface OutputParser {
	push(text: string): readonly OutputPiece[];
	/** What was held back, when nothing more comes. */
	end(): readonly OutputPiece[];
	/** Whether what was read last belongs to reasoning. */
	readonly isReasoning: boolean;
}

export interface OutputParserOptions {
	/** Names of the functions that may be called; null leaves calls in the text as they are. */
	toolNames: readonly string[] | null;
	/** Whether a function's parameter is a string: some formats write values without their types. */
	isTextParameter?: ((name: string, parameter: string) => boolean) | undefined;
	/** The end of the rendered prompt: some templates begin the reasoning there. */
	promptEnd: string;
	/** False leaves reasoning in the text. */
	separatesReasoning: boolean;
}

/**
 * How calls are written: `open`, calls with `separator` between them, `close`; each call is `before` + name + `between` +
 * arguments as JSON + `after`.
 */
export interface CallSyntax {
	open: string;
	before: string;
	between: string;
	after: string;
	separator: string;
	close: string;
	/** False where one message holds one call. */
	isParallel: boolean;
	/** The text that only a call begins with; "" where calls look like any text. */
	trigger: string;
}

/** How reasoning that comes before calls is written. */
export interface ReasoningSyntax {
	open: string;
	close: string;
	/** What stands between the reasoning and what follows. */
	after: string;
	/** The prompt has written `open` already. */
	isOpen: boolean;
}

export interface OutputFormat {
	/** Names as in `--tool-call-parser` and `--reasoning-parser`; `none` reads nothing. */
	readonly toolCallParser: string;
	readonly reasoningParser: string;
	/** Control tokens that are markers here: they are shown to the parser, and never to clients. */
	readonly markers: readonly string[];
	/** Null when there is nothing to look for. */
	createParser(options: OutputParserOptions): OutputParser | null;
	/** For a grammar that forces calls; null where the model's calls aren't read. */
	readonly callSyntax: CallSyntax | null;
	/** Null where the model doesn't reason in the open. */
	reasoningSyntax(promptEnd: string): ReasoningSyntax | null;
}

/** Output that is text and nothing else. */
export const plainOutputFormat: OutputFormat = Object.freeze({
	toolCallParser: "none",
	reasoningParser: "none",
	markers: Object.freeze([]),
	createParser: () => null,
	callSyntax: null,
	reasoningSyntax: () => null,
});
