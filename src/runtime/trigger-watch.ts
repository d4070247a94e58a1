/** A token that completes a trigger and brings text behind it that the grammar can't begin with. */
interface Overhang {
	token: number;
	/** What has to have been said before: the trigger's beginning; empty where the whole of it is inside. */
	before: Uint8Array;
}

/**
 * What the trigger texts of one grammar mean for a vocabulary, computed once: which tokens may run past a trigger's end, and
 * whether the grammar can go on with what they bring.
 */
export class TriggerTokens {
	readonly triggers: readonly Uint8Array[];
	readonly #tokenBytes: (token: number) => Uint8Array;
	readonly #unfitting: Overhang[] = [];

	/** `fits` tells whether the grammar may begin with these bytes. */
	constructor(
		triggers: readonly string[],
		vocabularySize: number,
		tokenBytes: (token: number) => Uint8Array,
		fits: (rest: Uint8Array) => boolean,
	) {
		this.triggers = triggers.map((text) => new TextEncoder().encode(text));
		this.#tokenBytes = tokenBytes;
		for (let token = 0; token < vocabularySize; token++)
			this.#learn(token, tokenBytes(token), fits);
	}

	bytesOf(token: number): Uint8Array {
		return this.#tokenBytes(token);
	}

	get longest(): number {
		return Math.max(...this.triggers.map(({ length }) => length));
	}

	/** Tokens that would complete a trigger behind this text, and go on as the grammar can't. */
	unfitting(said: Uint8Array): number[] {
		return this.#unfitting
			.filter(({ before }) => endsWith(said, before))
			.map(({ token }) => token);
	}

	#learn(
		token: number,
		bytes: Uint8Array,
		fits: (rest: Uint8Array) => boolean,
	): void {
		for (const trigger of this.triggers) {
			const last = trigger[trigger.length - 1] as number;
			for (let end = 1; end < bytes.length; end++) {
				if (bytes[end - 1] !== last) continue;
				const remainder = Math.min(end, trigger.length);
				const part = bytes.subarray(end - remainder, end);
				if (!endsWith(trigger, part)) continue;
				if (fits(bytes.subarray(end))) continue;
				const before = trigger.slice(0, trigger.length - remainder);
				this.#unfitting.push({ token, before });
			}
		}
	}
}

/** Follows the free text of one sequence until one of the triggers is complete. */
export class TriggerWatch {
	readonly #tokens: TriggerTokens;
	/** The text's end, one byte less than the longest trigger. */
	#said: Uint8Array = new Uint8Array(0);

	constructor(tokens: TriggerTokens) {
		this.#tokens = tokens;
	}

	/** Null, or what the token brought behind the trigger that it completed. */
	push(token: number): Uint8Array | null {
		const { triggers, longest } = this.#tokens;
		const bytes = this.#tokens.bytesOf(token);
		const text = new Uint8Array(this.#said.length + bytes.length);
		text.set(this.#said);
		text.set(bytes, this.#said.length);
		// The earliest end wins: the grammar begins there.
		for (let end = this.#said.length + 1; end <= text.length; end++)
			for (const trigger of triggers)
				if (endsWith(text.subarray(0, end), trigger)) return text.slice(end);
		this.#said = text.slice(Math.max(0, text.length - longest + 1));
		return null;
	}

	/** Tokens that must not come next: they would complete a trigger and go on as the grammar can't. */
	unfitting(): readonly number[] {
		return this.#tokens.unfitting(this.#said);
	}

	/** After the grammar's end, text is free again. */
	restart(): void {
		this.#said = new Uint8Array(0);
	}
}

function endsWith(text: Uint8Array, end: Uint8Array): boolean {
	const from = text.length - end.length;
	if (from < 0) return false;
	for (let index = 0; index < end.length; index++)
		if (text[from + index] !== end[index]) return false;
	return true;
}
