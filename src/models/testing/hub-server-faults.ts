/** What goes wrong. All of it is off until it is set, and can be changed between requests. */
export interface HubServerFaults {
	/** Content answers end with a cut connection after so many bytes. */
	cutAfterBytes: number | null;
	/** How many content answers are cut; then all is well. */
	cuts: number;
	/** Content-Length and Content-Range speak of so many bytes more than there are. */
	lengthError: number;
	/** Contents are sent with their first byte changed. */
	isCorrupt: boolean;
	/** So many answers to content requests are this status, before it is all well. */
	failures: number;
	failureStatus: number;
	retryAfter: string | null;
	/** Listings fail as well. */
	failsListings: boolean;
	ignoresRanges: boolean;
	/** Milliseconds between pieces of `pieceBytes`. */
	dripMs: number;
	pieceBytes: number;
	etag: string | null;
	/** Content answers never begin. */
	isSilent: boolean;
	/** A signed address of the storage is good for so many requests. */
	signatureUses: number;
	/** Large files come by a redirect to another port, as from the hub's storage. */
	redirects: boolean;
}

export function noFaults(): HubServerFaults {
	return {
		cutAfterBytes: null,
		cuts: Number.POSITIVE_INFINITY,
		lengthError: 0,
		isCorrupt: false,
		failures: 0,
		failureStatus: 503,
		retryAfter: null,
		failsListings: false,
		ignoresRanges: false,
		dripMs: 0,
		pieceBytes: 64 * 1024,
		etag: null,
		isSilent: false,
		signatureUses: Number.POSITIVE_INFINITY,
		redirects: false,
	};
}
