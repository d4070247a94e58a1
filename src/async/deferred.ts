/** A promise together with the functions that settle it, for work that is answered from somewhere else. */
export interface Deferred<Value> {
	readonly promise: Promise<Value>;
	resolve(value: Value | PromiseLike<Value>): void;
	reject(reason: unknown): void;
}

/** Node 20 has no `Promise.withResolvers`. */
export function createDeferred<Value>(): Deferred<Value> {
	let resolve: Deferred<Value>["resolve"] = () => {};
	let reject: Deferred<Value>["reject"] = () => {};
	const promise = new Promise<Value>((onResolve, onReject) => {
		resolve = onResolve;
		reject = onReject;
	});
	return { promise, resolve, reject };
}
