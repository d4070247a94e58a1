/** A request and its answer for each operation of the OpenAPI document. A test sends the requests and checks the answers. */
export interface OperationExample {
	request?: unknown;
	answer: unknown;
	/** The answer as server-sent events. */
	stream?: string;
	/** Path and query parameters by name. */
	parameters?: Readonly<Record<string, string>>;
}
