/**
 * Text that arrives in pieces, read by generators that pause where the next characters are not there yet. What a reading
 * does depends on the whole text alone, never on where it was cut: it decides nothing before it has seen enough.
 */
export type Reading<Result = void> = Generator<void, Result, void>;

/** What was read is thrown away in blocks of this length. */
const blockLength = 1024;

export class TextSource {
	/** What is held of the text; what stands before `at` has been read. */
	text = "";
	at = 0;
	/** Nothing more will come. */
	isClosed = false;
	/** Characters thrown away. */
	#dropped = 0;
	#keptFrom: number | null = null;

	add(text: string): void {
		const kept = Math.min(
			this.at,
			(this.#keptFrom ?? Infinity) - this.#dropped,
		);
		if (kept >= blockLength) {
			this.text = this.text.slice(kept) + text;
			this.at -= kept;
			this.#dropped += kept;
		} else {
			this.text += text;
		}
	}

	/** Keeps what is read from here, so that `takeBack` can have it as it was. */
	keep(): void {
		this.#keptFrom = this.#dropped + this.at;
	}

	/** Everything read since `keep`. */
	takeBack(): string {
		const start = (this.#keptFrom ?? this.#dropped + this.at) - this.#dropped;
		this.#keptFrom = null;
		return this.text.slice(start, this.at);
	}

	release(): void {
		this.#keptFrom = null;
	}
}

/** The next character, not read; "" at the end. */
export function* peek(source: TextSource): Reading<string> {
	while (source.at >= source.text.length) {
		if (source.isClosed) return "";
		yield;
	}
	return source.text[source.at] as string;
}

/** Reads `text` if it comes next. */
export function* take(source: TextSource, text: string): Reading<boolean> {
	for (;;) {
		const rest = source.text.length - source.at;
		if (rest >= text.length) {
			if (!source.text.startsWith(text, source.at)) return false;
			source.at += text.length;
			return true;
		}
		if (source.isClosed || !text.startsWith(source.text.slice(source.at)))
			return false;
		yield;
	}
}

/** Reads the first of `texts` that comes next. */
export function* takeOneOf(
	source: TextSource,
	texts: readonly string[],
): Reading<string | null> {
	for (const text of texts) if (yield* take(source, text)) return text;
	return null;
}

/** Reads characters as long as they pass, and gives them. */
export function* takeWhile(
	source: TextSource,
	passes: (character: string) => boolean,
	maxLength = Number.POSITIVE_INFINITY,
): Reading<string> {
	let taken = "";
	while (taken.length < maxLength) {
		const next = yield* peek(source);
		if (next === "" || !passes(next)) break;
		taken += next;
		source.at++;
	}
	return taken;
}

export const isSpace = (character: string) => /\s/.test(character);

export function takeSpace(source: TextSource): Reading<string> {
	return takeWhile(source, isSpace);
}

/**
 * Hands on what comes before the first of `needles`, as soon as it is certain, and reads the needle; null when the text
 * ends without one.
 */
export function* readUntil(
	source: TextSource,
	needles: readonly string[],
	write: (text: string) => void,
): Reading<string | null> {
	const starts = new Set(needles.map((needle) => needle[0]));
	for (;;) {
		const { text, isClosed } = source;
		const place = findNeedle(text, source.at, isClosed, needles, starts);
		if (place.at > source.at) write(text.slice(source.at, place.at));
		source.at = place.at + (place.needle?.length ?? 0);
		if (place.needle !== null) return place.needle;
		if (isClosed) return null;
		yield;
	}
}

/** Where the first needle is, or may begin, or else the end of the text. */
function findNeedle(
	text: string,
	from: number,
	isClosed: boolean,
	needles: readonly string[],
	starts: ReadonlySet<string | undefined>,
): { at: number; needle: string | null } {
	for (let at = from; at < text.length; at++) {
		if (!starts.has(text[at])) continue;
		for (const needle of needles) {
			if (text.startsWith(needle, at)) return { at, needle };
			const mayBegin =
				!isClosed &&
				text.length - at < needle.length &&
				needle.startsWith(text.slice(at));
			if (mayBegin) return { at, needle: null };
		}
	}
	return { at: text.length, needle: null };
}
