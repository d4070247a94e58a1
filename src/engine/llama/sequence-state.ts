/**
 * A saved sequence, the same whatever layout it came from. libllama v0.5.0 writes, in words of 4 bytes,
 *
 *     magic, sequence, streams, then for each stream: cells, and if there are any, what they hold
 *
 * and reads only what has its own number of streams, though a sequence is in one stream and the others are empty. Here a
 * state has one stream, and zeros behind it for as many empty ones as there can be.
 */

const wordBytes = 4;
const streamsOffset = 2 * wordBytes;
const firstStreamOffset = 3 * wordBytes;
const mostStreams = 256;
/** Room for the counts of empty streams behind a state. */
const paddingBytes = mostStreams * wordBytes;

/** What `native` wrote for a sequence in a cache of so many streams, `stream` being its own; `write` fills the array. */
export function toSequenceState(
	nativeBytes: number,
	streams: number,
	stream: number,
	write: (target: Uint8Array) => void,
): Uint8Array {
	const bytes = new Uint8Array(nativeBytes + paddingBytes);
	write(bytes);
	// The header moves over the counts of the empty streams before.
	const start = stream * wordBytes;
	bytes.copyWithin(start, 0, streamsOffset);
	const emptyBytes = (streams - 1) * wordBytes;
	const end = start + nativeBytes - emptyBytes + paddingBytes - wordBytes;
	const state = bytes.subarray(start, end);
	setStreams(state, 1);
	return state;
}

/** Lets `read` see the state as a cache of so many streams wrote it. */
export function asNativeState<Result>(
	state: Uint8Array,
	streams: number,
	read: (bytes: Uint8Array) => Result,
): Result {
	if (state.length < firstStreamOffset) return read(state);
	setStreams(state, streams);
	try {
		return read(state);
	} finally {
		setStreams(state, 1);
	}
}

function setStreams(state: Uint8Array, streams: number): void {
	const { buffer, byteOffset, byteLength } = state;
	new DataView(buffer, byteOffset, byteLength).setUint32(
		streamsOffset,
		streams,
		true,
	);
}
