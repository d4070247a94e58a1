import { z } from "zod";

/**
 * The kinds of value an option can have. Each accepts what a flag or a variable brings (text) and what a YAML file
 * brings (numbers, booleans, lists), and says in one sentence what it wants and what it got.
 */
export type OptionType<Value> = z.ZodType<Value, unknown>;

export function wholeNumber({
	min,
	max,
}: {
	min: number;
	max: number;
}): OptionType<number> {
	const range =
		max === Number.MAX_SAFE_INTEGER
			? `of at least ${min}`
			: `from ${min} to ${max}`;
	return z.unknown().transform((value, context) => {
		const number =
			typeof value === "string" && /^[+-]?\d+$/.test(value.trim())
				? Number(value)
				: value;
		if (
			typeof number === "number" &&
			Number.isSafeInteger(number) &&
			number >= min &&
			number <= max
		)
			return number;
		return refuse(context, `must be a whole number ${range}`, value);
	});
}

const byteUnits: ReadonlyMap<string, number> = new Map(
	Object.entries({
		"": 1,
		b: 1,
		k: 1024,
		kb: 1000,
		kib: 1024,
		m: 1024 ** 2,
		mb: 1000 ** 2,
		mib: 1024 ** 2,
		g: 1024 ** 3,
		gb: 1000 ** 3,
		gib: 1024 ** 3,
	}),
);

/** `4194304`, `4MiB` or `4 MB`. */
export function byteCount({
	min,
	max,
}: {
	min: number;
	max: number;
}): OptionType<number> {
	return z.unknown().transform((value, context) => {
		const [, digits, unit] =
			/^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? [];
		const factor = byteUnits.get(unit?.toLowerCase() ?? "?");
		const bytes =
			digits === undefined || factor === undefined
				? Number.NaN
				: Math.round(Number(digits) * factor);
		if (bytes >= min && bytes <= max) return bytes;
		return refuse(
			context,
			`must be a number of bytes from ${min} to ${max}, such as 4194304 or 4MiB`,
			value,
		);
	});
}

/** Seconds; fractions are allowed. */
export function seconds({
	min,
	max,
}: {
	min: number;
	max: number;
}): OptionType<number> {
	return z.unknown().transform((value, context) => {
		const number =
			typeof value === "string" && value.trim() !== "" ? Number(value) : value;
		if (typeof number === "number" && number >= min && number <= max)
			return number;
		return refuse(
			context,
			`must be a number of seconds from ${min} to ${max}`,
			value,
		);
	});
}

const truthWords: ReadonlyMap<string, boolean> = new Map(
	Object.entries({
		true: true,
		"1": true,
		yes: true,
		on: true,
		false: false,
		"0": false,
		no: false,
		off: false,
	}),
);

export function yesOrNo(): OptionType<boolean> {
	return z.unknown().transform((value, context) => {
		const truth = truthWords.get(String(value).trim().toLowerCase());
		return truth ?? refuse(context, "must be true or false", value);
	});
}

/** `synonyms` are words that other programs use for ours. */
export function oneOf<const Word extends string>(
	words: readonly Word[],
	synonyms: Readonly<Record<string, NoInfer<Word>>> = {},
): OptionType<Word> {
	return z.unknown().transform((value, context) => {
		const written = String(value).trim().toLowerCase();
		const word =
			words.find((candidate) => candidate === written) ??
			(Object.hasOwn(synonyms, written) ? synonyms[written] : undefined);
		return word ?? refuse(context, `must be one of ${words.join(", ")}`, value);
	});
}

/** YAML turns an unquoted `1234` into a number; it was meant as text all the same. */
export function text(what = "text"): OptionType<string> {
	return z.unknown().transform((value, context) => {
		const written = typeof value === "number" ? String(value) : value;
		if (
			typeof written === "string" &&
			written.trim() !== "" &&
			!written.includes("\0")
		)
			return written;
		return refuse(context, `must be ${what}`, value);
	});
}

/** A YAML list, a flag given several times, or text with commas. */
export function textList(): OptionType<readonly string[]> {
	return z.unknown().transform((value, context) => {
		const parts: unknown[] = Array.isArray(value) ? value : [value];
		const items: string[] = [];
		for (const part of parts) {
			if (typeof part !== "string" && typeof part !== "number") {
				return refuse(context, "must be text or a list of texts", part);
			}
			for (const item of String(part).split(","))
				if (item.trim() !== "") items.push(item.trim());
		}
		return Object.freeze(items);
	});
}

/** `auto` leaves the value to the profile. */
export function autoOr<Value>(
	type: OptionType<Value>,
): OptionType<Value | null> {
	return z.unknown().transform((value, context) => {
		if (typeof value === "string" && value.trim().toLowerCase() === "auto")
			return null;
		const parsed = type.safeParse(value);
		if (parsed.success) return parsed.data;
		for (const issue of parsed.error.issues) {
			context.addIssue({
				code: "custom",
				message: issue.message.replace(/^must be/, 'must be "auto" or'),
			});
		}
		return z.NEVER;
	});
}

function refuse(
	context: z.RefinementCtx,
	wanted: string,
	value: unknown,
): never {
	context.addIssue({
		code: "custom",
		message: `${wanted}, not ${show(value)}`,
	});
	return z.NEVER;
}

function show(value: unknown): string {
	const shown = JSON.stringify(value) ?? String(value);
	return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
}
