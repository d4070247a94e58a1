/** A chunk is handed on at about this size: some milliseconds of writing. */
const chunkBytes = 128 * 1024;
/** What a number may take: a sign, "0.", zeros, nine digits; or what JavaScript itself writes. */
const maxNumberBytes = 26;

const zero = 0x30;
const dot = 0x2e;
const minus = 0x2d;
const comma = 0x2c;

/** 10 to the power of the index: exact in a double up to 22. */
const powersOfTen = Array.from({ length: 23 }, (_, exponent) =>
	Number(`1e${exponent}`),
);
const smallest = 1e-6;
const largest = 1e7;

/**
 * JSON written into byte buffers. Arrays of 32-bit floats are what it is for: a number gets the 7 to 9 digits that tell it
 * from its neighbours instead of the 17 of the double that it becomes in JavaScript, which makes an answer half as long and
 * several times as fast to write as JSON.stringify would. Who parses it into 32-bit floats gets the same bits.
 */
export class JsonChunks {
	#buffer: Buffer = Buffer.alloc(0);
	#length = 0;
	/** Of a new buffer. Most answers hold one vector: 128 KiB for each of them would keep the garbage collector busy. */
	#leastBytes = 4096;

	get length(): number {
		return this.#length;
	}

	/** Time to `take`. */
	get isFull(): boolean {
		return this.#length >= chunkBytes / 2;
	}

	/** What was written since the last time. */
	take(): Buffer {
		const chunk = this.#buffer.subarray(0, this.#length);
		this.#buffer = Buffer.alloc(0);
		this.#length = 0;
		this.#leastBytes = chunkBytes;
		return chunk;
	}

	/** JSON that is already written. */
	raw(json: string): void {
		this.#reserve(3 * json.length);
		this.#length += this.#buffer.write(json, this.#length, "utf8");
	}

	/** `[0.1,-0.25]`; 32-bit floats, or integers. */
	numbers(values: ArrayLike<number>): void {
		this.raw("[");
		this.series(values, 0, values.length);
		this.raw("]");
	}

	/** `0.1,-0.25`: those from `start` to before `end`, with commas between them. */
	series(values: ArrayLike<number>, start: number, end: number): void {
		this.#reserve((end - start) * (maxNumberBytes + 1));
		const buffer = this.#buffer;
		let at = this.#length;
		for (let index = start; index < end; index++) {
			if (index > start) buffer[at++] = comma;
			at = writeFloat32(buffer, at, values[index] as number);
		}
		this.#length = at;
	}

	#reserve(bytes: number): void {
		const needed = this.#length + bytes;
		if (needed <= this.#buffer.length) return;
		const larger = Buffer.allocUnsafe(
			Math.max(needed, 2 * this.#buffer.length, this.#leastBytes),
		);
		this.#buffer.copy(larger, 0, 0, this.#length);
		this.#buffer = larger;
	}
}

/** Writes at `at` and returns where the next byte goes. `value` must be a 32-bit float, or an integer. */
export function writeFloat32(
	buffer: Uint8Array,
	at: number,
	value: number,
): number {
	let position = at;
	let size = value;
	if (size < 0) {
		buffer[position++] = minus;
		size = -size;
	}
	if (size === Math.trunc(size) && size < 1e9)
		return writeInteger(buffer, position, size);
	// Beyond these bounds, and for what is no number, JavaScript's own words do.
	if (!(size >= smallest && size < largest))
		return writeText(buffer, at, otherNumber(value));
	// 10^(order-1) <= size < 10^order
	let order = -5;
	while (size >= orderLimit(order)) order++;
	let digits = 6;
	let whole = 0;
	let scale = 1;
	// Nine digits tell any two neighbours apart.
	do {
		digits++;
		scale = powersOfTen[digits - order] as number;
		whole = Math.round(size * scale);
	} while (digits < 9 && Math.fround(whole / scale) !== size);
	// Rounded up to the next power of ten: too rare to be fast.
	if (whole >= (powersOfTen[digits] as number))
		return writeText(buffer, at, otherNumber(value));
	if (order > 0) {
		const unit = powersOfTen[digits - order] as number;
		const integer = Math.floor(whole / unit);
		position = writeInteger(buffer, position, integer);
		buffer[position++] = dot;
		return writeFraction(
			buffer,
			position,
			whole - integer * unit,
			digits - order,
		);
	}
	buffer[position++] = zero;
	buffer[position++] = dot;
	for (let zeros = order; zeros < 0; zeros++) buffer[position++] = zero;
	return writeFraction(buffer, position, whole, digits);
}

function orderLimit(order: number): number {
	return order < 0
		? (negativePowers[-order] as number)
		: (powersOfTen[order] as number);
}

const negativePowers = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

function writeInteger(buffer: Uint8Array, at: number, value: number): number {
	let end = at + 1;
	for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
	writeDigits(buffer, at, value, end - at);
	return end;
}

/** Digits behind the point, without the zeros at their end. */
function writeFraction(
	buffer: Uint8Array,
	at: number,
	value: number,
	digits: number,
): number {
	writeDigits(buffer, at, value, digits);
	let end = at + digits;
	while (buffer[end - 1] === zero) end--;
	// Nothing is left of 7.0: that point goes too.
	return buffer[end - 1] === dot ? end - 1 : end;
}

function writeDigits(
	buffer: Uint8Array,
	at: number,
	value: number,
	digits: number,
): void {
	let rest = value | 0;
	for (let index = at + digits - 1; index >= at; index--) {
		const next = (rest / 10) | 0;
		buffer[index] = zero + rest - next * 10;
		rest = next;
	}
}

/** JSON has no words for infinities and not-a-number; `null` is what JSON.stringify makes of them. */
function otherNumber(value: number): string {
	if (!Number.isFinite(value)) return "null";
	const short = Number(value.toPrecision(7));
	return String(
		Math.fround(short) === value ? short : Number(value.toPrecision(9)),
	);
}

function writeText(buffer: Uint8Array, at: number, text: string): number {
	for (let index = 0; index < text.length; index++)
		buffer[at + index] = text.charCodeAt(index);
	return at + text.length;
}
