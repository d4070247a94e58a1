import { AsyncLocalStorage } from "node:async_hooks";

type Attributes = Record<string, string | number | boolean>;

/** A piece of work within a request's trace. */
export interface Span {
	/** What whoever is asked for something is told: a W3C `traceparent`. */
	readonly traceparent: string;
	readonly traceId: string;
	/** Names, numbers and codes; never questions, passages or answers. */
	set(attributes: Attributes): void;
	fail(code: string): void;
	/** Times are milliseconds of `performance.now()`; now where left out. */
	end(at?: number): void;
}

export interface SpanStart {
	kind: "server" | "client" | "internal";
	/** A `traceparent`; null begins a trace. */
	parent: string | null;
	startedAt?: number;
	attributes?: Attributes;
}

export interface SpanSource {
	start(name: string, options: SpanStart): Span;
	close(): Promise<void>;
}

/** `version-traceid-parentid-flags`, each of its fixed length, and no zeros alone. */
const form =
	/^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

export function traceIdOf(traceparent: string | undefined): string | null {
	return form.exec(traceparent ?? "")?.[1] ?? null;
}

interface Current {
	/** Null where the caller's trace is passed on and nothing of it is recorded here. */
	span: Span | null;
	traceparent: string;
}

/**
 * What happens for a request belongs to its trace: the request itself, the stages of an answer, and what the services are asked.
 * Without a collector nothing is recorded, and a caller's trace is still passed on.
 */
export class Tracing {
	readonly #source: SpanSource | null;
	readonly #current = new AsyncLocalStorage<Current>();

	constructor(source: SpanSource | null) {
		this.#source = source;
	}

	/** Null where neither the caller nor this application traces. */
	request(
		name: string,
		given: string | undefined,
		attributes: Attributes,
	): Current | null {
		const parent = traceIdOf(given) === null ? null : (given ?? null);
		const span =
			this.#source?.start(name, { kind: "server", parent, attributes }) ?? null;
		const traceparent = span?.traceparent ?? parent;
		return traceparent === null ? null : { span, traceparent };
	}

	/** What `work` does belongs to the request. */
	within<Result>(current: Current, work: () => Result): Result {
		return this.#current.run(current, work);
	}

	/** A stage that is over: it took so long until now. */
	stage(name: string, ms: number): void {
		const current = this.#current.getStore();
		if (this.#source === null || current === undefined) return;
		this.#source
			.start(name, {
				kind: "internal",
				parent: current.traceparent,
				startedAt: performance.now() - ms,
			})
			.end();
	}

	/** A request to a service; null where nothing is recorded. */
	call(name: string, attributes: Attributes): Span | null {
		const parent = this.#current.getStore()?.traceparent ?? null;
		return (
			this.#source?.start(name, { kind: "client", parent, attributes }) ?? null
		);
	}

	/** For a request to a service that has no span of its own. */
	get traceparent(): string | null {
		return this.#current.getStore()?.traceparent ?? null;
	}

	async close(): Promise<void> {
		await this.#source?.close();
	}
}
