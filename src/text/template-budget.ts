import type { RuntimeValue } from "./jinja.ts";

export interface TemplateLimits {
	/** UTF-16 units of a template. */
	maxTemplateLength: number;
	/** UTF-16 units of any one string that a template makes, its output included, and of any list or mapping written out. */
	maxCharacters: number;
	/** Members of a list that a template makes. */
	maxElements: number;
	/** Lists and mappings inside each other. */
	maxDepth: number;
	/** Parts of the template being evaluated inside each other, macros that call macros included. */
	maxNesting: number;
	/** Parts of the template evaluated, loops counted each time round; work on long strings and lists counts more. */
	maxSteps: number;
}

/**
 * Public templates take 30 to 200 steps a message, one of them 8 times the square of the number of messages. Spending all
 * steps takes some three seconds of one core, the most that one conversation can hold up the others.
 */
export const defaultTemplateLimits: TemplateLimits = Object.freeze({
	maxTemplateLength: 262_144,
	maxCharacters: 4_194_304,
	maxElements: 262_144,
	maxDepth: 128,
	// Public templates reach 112 for a tool whose schema is twelve levels deep; Node's stack ends at about a thousand.
	maxNesting: 500,
	maxSteps: 4_000_000,
});

export class TemplateLimitError extends Error {
	override readonly name = "TemplateLimitError";
}

interface Measure {
	/** UTF-16 units when written out, about. */
	readonly size: number;
	readonly depth: number;
	/** Holds a namespace, which can grow later: never remembered. */
	readonly canGrow: boolean;
}

const scalar: Measure = { size: 4, depth: 0, canGrow: false };

/** What one rendering may still spend. */
export class TemplateBudget {
	readonly limits: TemplateLimits;
	readonly #measures = new WeakMap<RuntimeValue, Measure>();
	readonly #templateLength: number;
	#steps: number;
	#nesting = 0;

	constructor(limits: TemplateLimits, templateLength: number) {
		this.limits = limits;
		this.#steps = limits.maxSteps;
		this.#templateLength = templateLength;
	}

	get stepsSpent(): number {
		return this.limits.maxSteps - this.#steps;
	}

	spend(steps: number): void {
		this.#steps -= steps;
		if (this.#steps < 0) {
			throw new TemplateLimitError(
				`it takes more than ${this.limits.maxSteps} steps`,
			);
		}
	}

	/** One part of the template begins to be evaluated, inside those that have begun and not ended. */
	enter(): void {
		this.spend(1);
		this.#nesting++;
		if (this.#nesting > this.limits.maxNesting) {
			throw new TemplateLimitError(
				`its parts are nested more than ${this.limits.maxNesting} deep while it runs`,
			);
		}
	}

	leave(): void {
		this.#nesting--;
	}

	/** For work that looks at each part of a value once. */
	spendOn(value: RuntimeValue): void {
		this.spend((this.measure(value).size >> 8) + (elementsOf(value) >> 2));
	}

	/**
	 * For looking for one string in another. The worst searches look at each unit of one for each of the other, and long
	 * needles are prepared first.
	 */
	spendOnSearch(needle: string, haystack: string): void {
		const pairs = needle.length * haystack.length;
		this.spend((haystack.length >> 5) + (needle.length >> 3));
		this.spend(Math.ceil(pairs / 4096));
	}

	/** The interpreter walks a macro's body each time it comes across its definition. */
	spendOnMacro(): void {
		this.spend(this.#templateLength >> 5);
	}

	/** Throws when the value is larger than any may be. */
	measure(value: RuntimeValue): Measure {
		const { value: content } = value;
		if (typeof content === "string") {
			this.checkCharacters(content.length);
			return { size: content.length, depth: 0, canGrow: false };
		}
		return content instanceof Map || Array.isArray(content)
			? this.#measureContainer(value, 0)
			: scalar;
	}

	checkCharacters(count: number): void {
		if (count > this.limits.maxCharacters) {
			throw new TemplateLimitError(
				`it writes a text of more than ${this.limits.maxCharacters} characters`,
			);
		}
	}

	checkElements(count: number): void {
		if (count > this.limits.maxElements) {
			throw new TemplateLimitError(
				`it makes a list of more than ${this.limits.maxElements} members`,
			);
		}
	}

	#measureAt(value: RuntimeValue, level: number): Measure {
		const { value: content } = value;
		return content instanceof Map || Array.isArray(content)
			? this.#measureContainer(value, level)
			: this.measure(value);
	}

	#measureContainer(value: RuntimeValue, level: number): Measure {
		const known = this.#measures.get(value);
		if (known !== undefined) return known;
		this.spend(1 + (elementsOf(value) >> 2));
		if (level > this.limits.maxDepth) this.#refuseDepth();
		let size = 2;
		let depth = 0;
		let canGrow = value.type === "NamespaceValue";
		for (const [key, child] of entriesOf(value)) {
			const inner = this.#measureAt(child, level + 1);
			size += key.length + inner.size + 4;
			depth = Math.max(depth, inner.depth);
			canGrow ||= inner.canGrow;
		}
		this.checkCharacters(size);
		const measure = { size, depth: depth + 1, canGrow };
		if (measure.depth > this.limits.maxDepth) this.#refuseDepth();
		if (!canGrow) this.#measures.set(value, measure);
		return measure;
	}

	#refuseDepth(): never {
		throw new TemplateLimitError(
			`it nests lists or mappings more than ${this.limits.maxDepth} deep`,
		);
	}
}

function elementsOf({ value }: RuntimeValue): number {
	if (Array.isArray(value)) return value.length;
	return value instanceof Map ? value.size : 0;
}

function* entriesOf({
	value,
}: RuntimeValue): Iterable<readonly [key: string, child: RuntimeValue]> {
	if (value instanceof Map) yield* value;
	if (!Array.isArray(value)) return;
	for (const child of value) yield ["", child];
}
