/** Where a request stands in a trace that may have begun elsewhere: W3C Trace Context. */
export interface TraceContext {
	/** 32 lower-case hex digits. */
	traceId: string;
	/** 16 lower-case hex digits: the parent of what is begun here. */
	spanId: string;
	/** Whether whoever began the trace records it. */
	isSampled: boolean;
}

const form =
	/^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent`; null for one that is missing or wrong, as then a new trace begins (W3C Trace Context, 3.2). */
export function parseTraceparent(
	header: string | readonly string[] | undefined,
): TraceContext | null {
	if (typeof header !== "string") return null;
	const [, version, traceId, spanId, flags, more] =
		form.exec(header.trim()) ?? [];
	if (traceId === undefined || spanId === undefined || flags === undefined)
		return null;
	// Only versions to come may have more parts.
	if (version === "00" && more !== undefined) return null;
	return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function toTraceparent({
	traceId,
	spanId,
	isSampled,
}: TraceContext): string {
	return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}
