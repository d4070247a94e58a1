/**
 * Where an answer is written: the client's response, or something before it that changes what passes. Whatever gives the client
 * up ends in "close".
 */
export interface AnswerSink {
	readonly req: { readonly method?: string | undefined };
	readonly statusCode: number;
	readonly headersSent: boolean;
	readonly writableEnded: boolean;
	readonly writableFinished: boolean;
	readonly destroyed: boolean;
	writeHead(
		status: number,
		headers: Record<string, string | string[] | number>,
	): unknown;
	flushHeaders(): void;
	/** False when the client has to catch up first; "drain" tells when it has. */
	write(piece: Buffer): boolean;
	end(piece?: Buffer | string): unknown;
	destroy(): unknown;
	once(event: "close" | "drain", listener: () => void): unknown;
	off(event: "close" | "drain", listener: () => void): unknown;
}
