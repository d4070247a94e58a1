import { type GalleyError, toGalleyError } from "../core/errors.ts";
import type { OutputConstraint } from "../core/output-constraint.ts";
import type { SubmittedGrammar } from "./engine-protocol.ts";
import {
	GrammarCompiler,
	type GrammarCompilerOptions,
} from "./grammar-compiler.ts";

/** The grammars of requests that are not submitted yet. */
export class RequestGrammars implements Disposable {
	readonly #compiler: GrammarCompiler;
	readonly #open = new Map<number, AbortController>();

	constructor(options: GrammarCompilerOptions) {
		this.#compiler = new GrammarCompiler(options);
	}

	/** Calls one of the two, once; none where the request was abandoned. At once where there is nothing to compile. */
	prepare(
		number: number,
		constraint: OutputConstraint | null,
		onReady: (grammar: SubmittedGrammar | null) => void,
		onError: (error: GalleyError) => void,
	): void {
		if (constraint === null) onReady(null);
		else void this.#compile(number, constraint, onReady, onError);
	}

	/** The request is over. */
	abandon(number: number): void {
		this.#open.get(number)?.abort();
		this.#open.delete(number);
	}

	[Symbol.dispose](): void {
		this.#compiler[Symbol.dispose]();
	}

	async #compile(
		number: number,
		constraint: OutputConstraint,
		onReady: (grammar: SubmittedGrammar) => void,
		onError: (error: GalleyError) => void,
	): Promise<void> {
		const abandoned = new AbortController();
		this.#open.set(number, abandoned);
		try {
			const { key, grammar } = await this.#compiler.compile(
				constraint,
				abandoned.signal,
			);
			if (!this.#open.delete(number)) return;
			const triggers =
				constraint.kind === "grammar-ir" ? constraint.trigger : null;
			onReady({ key, grammar, triggers });
		} catch (thrown) {
			if (this.#open.delete(number)) onError(toGalleyError(thrown));
		}
	}
}
