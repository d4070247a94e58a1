/**
 * The kinds of value an option can have. Each accepts what a flag or a variable brings (text) and what a YAML file
 * brings (numbers, booleans, lists), and says in one sentence what it wants and what it got.
 *
 * Why not zod, as everywhere else? Loading it takes as long as everything else that stands between `galley run` and the
 * start of the engine process (60 to 90 ms), and these few kinds need none of it.
 */
export type OptionType<Value> = (value: unknown) => Parsed<Value>;

/** `problem` ends a sentence that begins with the option's name: `must be true or false, not "maybe"`. */
type Parsed<Value> = { value: Value } | { problem: string };

interface Range {
	min: number;
	max: number;
}

export function wholeNumber({ min, max }: Range): OptionType<number> {
	return (written) => {
		const value =
			typeof written === "string" && /^[+-]?\d+$/.test(written.trim())
				? Number(written)
				: written;
		const isRight =
			typeof value === "number" &&
			Number.isSafeInteger(value) &&
			value >= min &&
			value <= max;
		return isRight
			? { value }
			: refuse(`must be a whole number from ${min} to ${max}`, written);
	};
}

/** A port, 0 for any that is free, or `off`. */
export function portOrOff(): OptionType<number | "off"> {
	const port = wholeNumber({ min: 0, max: 65_535 });
	return (written) => {
		// An unquoted `off` is false in some YAML files.
		if (written === false || String(written).trim().toLowerCase() === "off")
			return { value: "off" };
		const parsed = port(written);
		return "value" in parsed
			? parsed
			: refuse("must be a port from 0 to 65535, or off", written);
	};
}

const byteUnits: ReadonlyMap<string, number> = new Map([
	["", 1],
	["b", 1],
	["k", 1024],
	["kb", 1000],
	["kib", 1024],
	["m", 1024 ** 2],
	["mb", 1000 ** 2],
	["mib", 1024 ** 2],
	["g", 1024 ** 3],
	["gb", 1000 ** 3],
	["gib", 1024 ** 3],
]);

/** `4194304`, `4MiB` or `4 MB`. */
export function byteCount({ min, max }: Range): OptionType<number> {
	return (written) => {
		const [, digits, unit = "?"] =
			/^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(written)) ?? [];
		const value = Math.round(
			Number(digits) * (byteUnits.get(unit.toLowerCase()) ?? Number.NaN),
		);
		if (value >= min && value <= max) return { value };
		return refuse(
			`must be a number of bytes from ${min} to ${max}, such as 4194304 or 4MiB`,
			written,
		);
	};
}

/** Fractions are allowed. */
export function seconds({ min, max }: Range): OptionType<number> {
	return (written) => {
		const value =
			typeof written === "string" && written.trim() !== ""
				? Number(written)
				: written;
		if (typeof value === "number" && value >= min && value <= max)
			return { value };
		return refuse(`must be a number of seconds from ${min} to ${max}`, written);
	};
}

const truthWords: ReadonlyMap<string, boolean> = new Map([
	["true", true],
	["1", true],
	["yes", true],
	["on", true],
	["false", false],
	["0", false],
	["no", false],
	["off", false],
]);

export function yesOrNo(): OptionType<boolean> {
	return (written) => {
		const value = truthWords.get(String(written).trim().toLowerCase());
		return value === undefined
			? refuse("must be true or false", written)
			: { value };
	};
}

/** `synonyms` are words that other programs use for ours. */
export function oneOf<const Word extends string>(
	words: readonly Word[],
	synonyms: Readonly<Record<string, NoInfer<Word>>> = {},
): OptionType<Word> {
	const known = new Map<string, Word>([
		...words.map((word) => [word, word] as const),
		...Object.entries(synonyms),
	]);
	return (written) => {
		const value = known.get(String(written).trim().toLowerCase());
		return value === undefined
			? refuse(`must be one of ${words.join(", ")}`, written)
			: { value };
	};
}

/** YAML turns an unquoted `1234` into a number; it was meant as text all the same. */
export function text(what = "text"): OptionType<string> {
	return (written) => {
		const value = typeof written === "number" ? String(written) : written;
		const isRight =
			typeof value === "string" && value.trim() !== "" && !value.includes("\0");
		return isRight ? { value } : refuse(`must be ${what}`, written);
	};
}

/** A YAML list, a flag given several times, or text with commas. */
export function textList(): OptionType<readonly string[]> {
	return (written) => {
		const parts: unknown[] = Array.isArray(written) ? written : [written];
		const wrong = parts.find(
			(part) => typeof part !== "string" && typeof part !== "number",
		);
		if (wrong !== undefined)
			return refuse("must be text or a list of texts", wrong);
		const items = parts
			.flatMap((part) => String(part).split(","))
			.map((item) => item.trim());
		return { value: Object.freeze(items.filter((item) => item !== "")) };
	};
}

/** A YAML map, or texts of the form `name=value`; becomes the latter. */
export function textPairs(form: string): OptionType<readonly string[]> {
	const list = textList();
	return (written) => {
		const isMap =
			typeof written === "object" &&
			written !== null &&
			!Array.isArray(written);
		const parsed = list(
			isMap
				? Object.entries(written).map(([name, value]) =>
						typeof value === "object" ? `${name}=` : `${name}=${String(value)}`,
					)
				: written,
		);
		if ("problem" in parsed) return parsed;
		const wrong = parsed.value.find((pair) => !/^[^=]+=.+$/.test(pair));
		return wrong === undefined
			? parsed
			: refuse(`must be of the form ${form}`, wrong);
	};
}

/** An `http` or `https` address, without the slash at its end. */
export function webAddress(): OptionType<string> {
	return (written) => {
		const isRight =
			typeof written === "string" &&
			/^https?:\/\//i.test(written.trim()) &&
			URL.canParse(written.trim());
		return isRight
			? { value: written.trim().replace(/\/+$/, "") }
			: refuse("must be an address such as https://hub.example", written);
	};
}

/** `auto` leaves the value to the profile. */
export function autoOr<Value>(
	type: OptionType<Value>,
): OptionType<Value | null> {
	return (written) => {
		if (typeof written === "string" && written.trim().toLowerCase() === "auto")
			return { value: null };
		const parsed = type(written);
		return "value" in parsed
			? parsed
			: { problem: parsed.problem.replace(/^must be/, 'must be "auto" or') };
	};
}

function refuse(wanted: string, written: unknown): { problem: string } {
	const shown = JSON.stringify(written) ?? String(written);
	return {
		problem: `${wanted}, not ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`,
	};
}
