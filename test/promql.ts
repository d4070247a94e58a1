/** What Prometheus has: by the name of a series, `_bucket`, `_sum` and `_count` included. */
export type SeriesKinds = ReadonlyMap<
	string,
	{ type: "counter" | "gauge" | "bucket"; labels: ReadonlySet<string> }
>;

/** A vector's labels, or a number, which goes with any vector. */
type Value = { labels: ReadonlySet<string> } | "scalar";

const ofCounters = new Set(["rate", "irate", "increase"]);
const ofGauges = new Set(["delta", "deriv", "idelta"]);
const overTime = /^(avg|min|max|sum|count|last|quantile)_over_time$/;
const aggregations = new Set(["sum", "avg", "min", "max", "count", "topk"]);
const sets = new Set(["and", "or", "unless"]);
const operators = /^(==|!=|>=|<=|[-+*/%^<>])$/;

/**
 * What is wrong with a query: its form, names of metrics and labels, what is applied to what. Reads as much of PromQL as dashboards
 * and alerts are written in. Resolves the labels of the answer, for templates that name them.
 */
export function checkQuery(
	query: string,
	series: SeriesKinds,
): { problems: string[]; labels: ReadonlySet<string> } {
	const checker = new Checker(query, series);
	const value = checker.whole();
	return {
		problems: checker.problems,
		labels: value === "scalar" ? new Set() : value.labels,
	};
}

class Checker {
	readonly problems: string[] = [];
	readonly #words: string[];
	readonly #series: SeriesKinds;
	#at = 0;

	constructor(query: string, series: SeriesKinds) {
		this.#series = series;
		this.#words =
			query.match(
				/"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|\d+(?:\.\d+)?[smhd]?|\$\w+|==|!=|>=|<=|=~|!~|\S/g,
			) ?? [];
	}

	whole(): Value {
		const value = this.#expression();
		if (this.#at < this.#words.length)
			this.#complain(`'${this.#words[this.#at]}' is one word too many`);
		return value;
	}

	#expression(): Value {
		let left = this.#operand();
		for (;;) {
			const word = this.#peek();
			const isSet = sets.has(word);
			if (!isSet && !operators.test(word)) return left;
			this.#at++;
			if (this.#peek() === "bool") this.#at++;
			const on = this.#matching();
			const right = this.#operand();
			left = this.#combine(left, right, word, on);
		}
	}

	#combine(
		left: Value,
		right: Value,
		word: string,
		on: readonly string[] | null,
	): Value {
		if (left === "scalar") return right;
		if (right === "scalar") return left;
		for (const label of on ?? [])
			for (const side of [left, right])
				if (!side.labels.has(label))
					this.#complain(`a side of '${word}' has no label '${label}'`);
		// `or vector(0)` stands in for an answer without series.
		const isAlike = sameSet(left.labels, right.labels);
		if (on === null && word !== "or" && !isAlike)
			this.#complain(
				`the sides of '${word}' have different labels: ${[...left.labels]} and ${[...right.labels]}`,
			);
		return on === null || sets.has(word) ? left : { labels: new Set(on) };
	}

	/** Null where both sides are matched by all their labels. */
	#matching(): string[] | null {
		if (this.#peek() !== "on") return null;
		this.#at++;
		return this.#labelList();
	}

	#operand(): Value {
		const word = this.#next();
		if (word === "(") {
			const value = this.#expression();
			this.#expect(")");
			return value;
		}
		if (/^\d/.test(word)) return "scalar";
		if (aggregations.has(word)) return this.#aggregation(word);
		if (this.#peek() === "(") return this.#call(word);
		return this.#selector(word, null);
	}

	#aggregation(word: string): Value {
		let by = this.#grouping();
		this.#expect("(");
		const value = this.#expression();
		this.#expect(")");
		by ??= this.#grouping();
		const labels = value === "scalar" ? new Set<string>() : value.labels;
		if (value === "scalar") this.#complain(`'${word}' of a number`);
		for (const label of by ?? [])
			if (!labels.has(label))
				this.#complain(`'${word} by (${label})' of what has no such label`);
		return { labels: new Set(by ?? []) };
	}

	#grouping(): string[] | null {
		if (this.#peek() !== "by") return null;
		this.#at++;
		return this.#labelList();
	}

	#call(name: string): Value {
		this.#expect("(");
		if (name === "vector") {
			this.#expression();
			this.#expect(")");
			return { labels: new Set() };
		}
		if (name === "histogram_quantile") return this.#quantile();
		if (name === "absent") {
			this.#expression();
			this.#expect(")");
			return { labels: new Set() };
		}
		if (!ofCounters.has(name) && !ofGauges.has(name) && !overTime.test(name)) {
			this.#complain(`'${name}' is no function that is known here`);
			return "scalar";
		}
		const value = this.#selector(this.#next(), name);
		this.#expect(")");
		return value;
	}

	#quantile(): Value {
		const share = Number(this.#next());
		if (!(share >= 0 && share <= 1))
			this.#complain("a quantile is between 0 and 1");
		this.#expect(",");
		const from = this.#at;
		const value = this.#expression();
		const inside = this.#words.slice(from, this.#at);
		this.#expect(")");
		const labels = value === "scalar" ? new Set<string>() : value.labels;
		if (!labels.has("le"))
			this.#complain("histogram_quantile needs the label 'le'");
		if (!inside.some((word) => ofCounters.has(word)))
			this.#complain("histogram_quantile is of rates, not of all time");
		for (const word of inside)
			if (word.includes(":") && this.#series.get(word)?.type !== "bucket")
				this.#complain(`histogram_quantile of ${word}, which is no bucket`);
		return { labels: new Set([...labels].filter((label) => label !== "le")) };
	}

	/** A metric with what it is narrowed down by; `inside` is the function over its range. */
	#selector(name: string, inside: string | null): Value {
		const kind = this.#series.get(name);
		if (kind === undefined) this.#complain(`nobody exposes '${name}'`);
		const labels = kind?.labels ?? new Set<string>();
		if (this.#peek() === "{") this.#matchers(name, labels);
		const hasRange = this.#peek() === "[";
		if (hasRange) {
			this.#at++;
			const range = this.#next();
			if (!/^\d+[smhd]$|^\$__(rate_)?interval$/.test(range))
				this.#complain(`'${range}' is no range`);
			this.#expect("]");
		}
		if (hasRange !== (inside !== null))
			this.#complain(
				`${name} ${hasRange ? "has a range that nothing takes" : `lacks the range that ${inside} takes`}`,
			);
		const isGauge = kind?.type === "gauge";
		if (inside !== null && isGauge && ofCounters.has(inside))
			this.#complain(`${inside} of ${name}, which is a gauge`);
		if (inside !== null && !isGauge && ofGauges.has(inside))
			this.#complain(`${inside} of ${name}, which is a counter`);
		return { labels };
	}

	#matchers(name: string, labels: ReadonlySet<string>): void {
		this.#expect("{");
		while (this.#peek() !== "}") {
			const label = this.#next();
			if (label === "") return;
			if (!labels.has(label)) this.#complain(`${name} has no label '${label}'`);
			if (!["=", "=~", "!=", "!~"].includes(this.#next()))
				this.#complain(`'${label}' is compared by =, !=, =~ or !~`);
			if (!this.#next().startsWith('"'))
				this.#complain(`'${label}' is compared with a text in quotes`);
			if (this.#peek() === ",") this.#at++;
		}
		this.#expect("}");
	}

	#labelList(): string[] {
		const labels: string[] = [];
		this.#expect("(");
		while (this.#peek() !== ")" && this.#peek() !== "") {
			labels.push(this.#next());
			if (this.#peek() === ",") this.#at++;
		}
		this.#expect(")");
		return labels;
	}

	#peek(): string {
		return this.#words[this.#at] ?? "";
	}

	#next(): string {
		return this.#words[this.#at++] ?? "";
	}

	#expect(word: string): void {
		const found = this.#next();
		if (found !== word)
			this.#complain(`'${word}' is expected, not '${found || "the end"}'`);
	}

	#complain(problem: string): void {
		this.problems.push(problem);
	}
}

function sameSet(
	one: ReadonlySet<string>,
	other: ReadonlySet<string>,
): boolean {
	return one.size === other.size && [...one].every((label) => other.has(label));
}
