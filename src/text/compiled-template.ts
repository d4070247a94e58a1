import { BoundedInterpreter } from "./bounded-interpreter.ts";
import {
	Environment,
	parseTemplate,
	type TemplateNode,
	type TemplateScope,
} from "./jinja.ts";
import { toStrftime } from "./strftime.ts";
import {
	TemplateBudget,
	TemplateLimitError,
	type TemplateLimits,
} from "./template-budget.ts";

/** The template called `raise_exception`: it has something to say to who wrote the messages. */
export class TemplateRefusal extends Error {
	override readonly name = "TemplateRefusal";
}

const constants = {
	true: true,
	True: true,
	false: false,
	False: false,
	none: null,
	None: null,
} as const;

/** Sum of squares of the lengths of runs of blanks; reached in about a tenth of a second. */
const maxBlankWork = 33_554_432;

/** Names that every template has and that no variable may take. */
export const templateGlobals: ReadonlySet<string> = new Set([
	...Object.keys(constants),
	...["namespace", "raise_exception", "range", "strftime_now"],
]);

/** One parsed template. Throws plain errors: what they mean depends on where the template came from. */
export class CompiledTemplate {
	readonly source: string;
	readonly #program: TemplateNode;
	readonly #limits: TemplateLimits;

	constructor(source: string, limits: TemplateLimits) {
		checkSource(source, limits);
		this.source = source;
		this.#program = parseTemplate(source);
		this.#limits = limits;
	}

	/** `maxSteps` can lower the limit for this rendering. */
	render(
		variables: Readonly<Record<string, unknown>>,
		now: () => Date,
		maxSteps: number = this.#limits.maxSteps,
	): string {
		const limits = {
			...this.#limits,
			maxSteps: Math.min(maxSteps, this.#limits.maxSteps),
		};
		const budget = new TemplateBudget(limits, this.source.length);
		const scope = new Environment();
		setGlobals(scope, budget, now);
		for (const [name, value] of Object.entries(variables))
			scope.set(name, value);
		const interpreter = new BoundedInterpreter(scope, budget);
		return String(interpreter.run(this.#program).value);
	}
}

function setGlobals(
	scope: TemplateScope,
	budget: TemplateBudget,
	now: () => Date,
): void {
	for (const [name, value] of Object.entries(constants)) scope.set(name, value);
	scope.set("raise_exception", (message: unknown) => {
		throw new TemplateRefusal(String(message ?? "no reason given"));
	});
	scope.set("range", (...bounds: unknown[]) => toRange(bounds, budget));
	scope.set("strftime_now", (format: unknown) =>
		toStrftime(now(), String(format)),
	);
}

function toRange(bounds: readonly unknown[], budget: TemplateBudget): number[] {
	const numbers = bounds.map(Number);
	if (bounds.length < 1 || bounds.length > 3 || numbers.some(Number.isNaN))
		throw new Error("range() takes one to three numbers");
	const [first = 0, second, step = 1] = numbers;
	const [start, stop] = second === undefined ? [0, first] : [first, second];
	if (step === 0) throw new Error("range() step must not be zero");
	const count = Math.max(0, Math.ceil((stop - start) / step));
	budget.checkElements(count);
	return Array.from({ length: count }, (_, index) => start + index * step);
}

/**
 * The parser looks for one kind of tag in a way that takes the square of the length of a run of blanks, so a long template
 * of blanks alone would stop the process.
 */
function checkSource(source: string, limits: TemplateLimits): void {
	if (source.length > limits.maxTemplateLength) {
		throw new TemplateLimitError(
			`it is longer than ${limits.maxTemplateLength} characters`,
		);
	}
	let work = 0;
	for (const { 0: blanks } of source.matchAll(/\s+/g))
		work += blanks.length * blanks.length;
	if (work > maxBlankWork)
		throw new TemplateLimitError("it has too long runs of blanks");
}
