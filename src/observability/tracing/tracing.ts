import type { TraceContext } from "../../core/trace-context.ts";

export type SpanAttributes = Readonly<
	Record<string, string | number | boolean | readonly string[] | undefined>
>;

export interface SpanOptions {
	/** `server` answers somebody's request, `client` waits for somebody's answer, `internal` is a stage of ours. */
	kind: "server" | "client" | "internal";
	/** Null begins a trace. */
	parent: TraceContext | null;
	attributes?: SpanAttributes;
	/** Times of all spans are monotonic milliseconds, as `performance.now()` gives them; now where left out. */
	startedAt?: number;
}

/** A piece of work within a trace. What is set after its end is lost. */
export interface Span {
	/** What children and other servers are told; null where nothing is traced. */
	readonly context: TraceContext | null;
	rename(name: string): void;
	/** Numbers, names and codes; never what users wrote or models answered. */
	set(attributes: SpanAttributes): void;
	event(name: string, at?: number): void;
	/** It ended badly; the code is a low number of words, such as those of `GalleyError`. */
	fail(code: string): void;
	end(at?: number): void;
}

/** Where spans go. Its methods never throw and never wait: whoever collects traces being away costs traces, not requests. */
export interface Tracing {
	/** False: spans are nothing, and need not be made. */
	readonly isOn: boolean;
	startSpan(name: string, options: SpanOptions): Span;
	/** Sends what is left, for some seconds at most. */
	close(): Promise<void>;
}

export const noSpan: Span = Object.freeze({
	context: null,
	rename: () => undefined,
	set: () => undefined,
	event: () => undefined,
	fail: () => undefined,
	end: () => undefined,
});

export const noTracing: Tracing = Object.freeze({
	isOn: false,
	startSpan: () => noSpan,
	close: async () => undefined,
});
