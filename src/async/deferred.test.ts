import { expect, test } from "vitest";
import { createDeferred } from "./deferred.ts";

test("resolves with the value given from outside", async () => {
	const deferred = createDeferred<number>();
	deferred.resolve(7);
	await expect(deferred.promise).resolves.toBe(7);
});

test("rejects with the reason given from outside", async () => {
	const deferred = createDeferred<number>();
	deferred.reject(new Error("gone"));
	await expect(deferred.promise).rejects.toThrow("gone");
});

test("the first settlement counts", async () => {
	const deferred = createDeferred<string>();
	deferred.resolve("first");
	deferred.resolve("second");
	deferred.reject(new Error("late"));
	await expect(deferred.promise).resolves.toBe("first");
});

test("follows a promise it is resolved with", async () => {
	const deferred = createDeferred<string>();
	deferred.resolve(Promise.resolve("inner"));
	await expect(deferred.promise).resolves.toBe("inner");
});
