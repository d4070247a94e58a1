import type { Budget } from "../budget.ts";
import { Automaton } from "../regular/automaton.ts";
import { Nfa } from "../regular/nfa.ts";
import { parseRegex } from "../regular/regex.ts";

/**
 * Sets of numbers are languages of canonical decimals: no exponent, no leading or trailing zeros, no "-0". Every value has exactly one such
 * text, so that operations on texts are operations on values.
 */
export class NumberLanguages {
	readonly #budget: Budget;
	readonly #known = new Map<string, Automaton>();
	readonly #written = new Map<Automaton, Automaton>();

	constructor(budget: Budget) {
		this.#budget = budget;
	}

	get canonical(): Automaton {
		return this.#regex("0|-?([1-9]\\d*(\\.\\d*[1-9])?|0\\.\\d*[1-9])");
	}

	get integers(): Automaton {
		return this.#regex("0|-?[1-9]\\d*");
	}

	/** Schemas repeat their bounds; the languages of the same keywords are one. */
	bounds(name: string, make: () => Automaton): Automaton {
		const known = this.#known.get(name);
		if (known !== undefined) return known;
		const made = make();
		this.#known.set(name, made);
		return made;
	}

	value(value: number): Automaton {
		const text = decimalText(value);
		return this.bounds(`=${text}`, () => Automaton.ofText(text));
	}

	atLeast(value: number): Automaton {
		if (value > 0) return this.#magnitudeAtLeast(decimalText(value));
		const notNegative = this.#regex("0|[1-9]\\d*(\\.\\d*[1-9])?|0\\.\\d*[1-9]");
		if (value === 0) return notNegative;
		const tooFar = this.#magnitudeAtLeast(decimalText(-value)).difference(
			Automaton.ofText(decimalText(-value)),
			this.#budget,
		);
		return this.canonical.difference(
			Automaton.ofText("-").concat(tooFar, this.#budget),
			this.#budget,
		);
	}

	atMost(value: number): Automaton {
		return this.canonical
			.difference(this.atLeast(value), this.#budget)
			.union(this.value(value), this.#budget);
	}

	/** Null when the divisor has too many digits to count remainders. */
	multipleOf(divisor: number): Automaton | null {
		const [whole = "", fraction = ""] = decimalText(divisor).split(".");
		const modulus = Number(whole + fraction);
		const places = fraction.length;
		if (!Number.isSafeInteger(modulus) || modulus * (places + 1) > 20_000)
			return null;
		const nfa = new Nfa(this.#budget);
		// State (number of fraction digits or none, remainder of the digits so far).
		const states = Array.from({ length: places + 1 }, () =>
			Array.from({ length: modulus }, () => nfa.addState()),
		);
		const state = (digits: number, remainder: number) =>
			states[digits]?.[remainder] as number;
		const point = Array.from({ length: modulus }, () => nfa.addState());
		const zero = state(0, 0);
		const begin = nfa.addState();
		nfa.addEmpty(nfa.start, begin);
		nfa.addBytes(begin, 0x2d, 0x2d, zero);
		nfa.addEmpty(begin, zero);
		for (let remainder = 0; remainder < modulus; remainder++) {
			for (let digits = 0; digits <= places; digits++) {
				const from = state(digits, remainder);
				const missing = 10 ** (places - digits);
				if ((remainder * missing) % modulus === 0)
					nfa.addEmpty(from, nfa.final);
				for (let digit = 0; digit <= 9; digit++) {
					const next = (remainder * 10 + digit) % modulus;
					const byte = 0x30 + digit;
					if (digits === 0) nfa.addBytes(from, byte, byte, state(0, next));
					else if (digits < places)
						nfa.addBytes(from, byte, byte, state(digits + 1, next));
				}
			}
			if (places === 0) continue;
			const afterPoint = point[remainder] as number;
			nfa.addBytes(state(0, remainder), 0x2e, 0x2e, afterPoint);
			for (let digit = 0; digit <= 9; digit++)
				nfa.addBytes(
					afterPoint,
					0x30 + digit,
					0x30 + digit,
					state(1, (remainder * 10 + digit) % modulus),
				);
		}
		return Automaton.ofNfa(nfa, this.#budget).intersect(
			this.canonical,
			this.#budget,
		);
	}

	/** The texts that are written: sets with fractions may also have trailing zeros, sets of integers have no point. */
	written(values: Automaton): Automaton {
		const known = this.#written.get(values);
		if (known !== undefined) return known;
		const made = this.#writtenAnew(values);
		this.#written.set(values, made);
		return made;
	}

	#writtenAnew(values: Automaton): Automaton {
		const whole = values.intersect(this.integers, this.#budget);
		const broken = values.difference(this.integers, this.#budget);
		if (broken.isEmpty) return whole;
		return Automaton.unionOf(
			[
				whole,
				whole.concat(this.#regex("\\.0{1,6}"), this.#budget),
				broken.concat(this.#regex("0{0,6}"), this.#budget),
			],
			this.#budget,
		);
	}

	/** Canonical decimals of at least `text`, which is canonical and positive. */
	#magnitudeAtLeast(text: string): Automaton {
		const [whole = "", fraction = ""] = text.split(".");
		const end = "(\\.\\d+)?";
		const cases = [`[1-9]\\d{${whole.length},}${end}`];
		for (const [index, digit] of [...whole].entries())
			if (digit < "9")
				cases.push(
					`${whole.slice(0, index)}[${Number(digit) + 1}-9]\\d{${whole.length - index - 1}}${end}`,
				);
		for (const [index, digit] of [...fraction].entries())
			if (digit < "9")
				cases.push(
					`${whole}\\.${fraction.slice(0, index)}[${Number(digit) + 1}-9]\\d*`,
				);
		cases.push(
			fraction === "" ? `${whole}${end}` : `${whole}\\.${fraction}\\d*`,
		);
		return this.#regex(cases.join("|")).intersect(this.canonical, this.#budget);
	}

	#regex(source: string): Automaton {
		return this.bounds(`/${source}`, () =>
			parseRegex(source, { anchored: true, budget: this.#budget }),
		);
	}
}

/** A number as plain digits: 1e21 is 1 and 21 zeros. */
export function decimalText(value: number): string {
	if (value === 0) return "0";
	const sign = value < 0 ? "-" : "";
	const [mantissa = "", exponentText] = String(Math.abs(value)).split("e");
	if (exponentText === undefined) return sign + mantissa;
	const exponent = Number(exponentText);
	const [whole = "", fraction = ""] = mantissa.split(".");
	const digits = whole + fraction;
	const point = whole.length + exponent;
	if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
	return sign + digits.padEnd(point, "0");
}
