import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import type { OutputConstraint } from "../core/output-constraint.ts";
import {
	GrammarCompiler,
	type GrammarCompilerOptions,
} from "./grammar-compiler.ts";
import type { CompileQuestion } from "./grammar-compiler-protocol.ts";

const opened: GrammarCompiler[] = [];
afterEach(() => {
	for (const compiler of opened.splice(0)) compiler[Symbol.dispose]();
});

/** A thread that answers when a test says so. */
class ThreadDouble extends EventEmitter {
	readonly asked: CompileQuestion[] = [];
	isTerminated = false;
	postMessage(question: CompileQuestion): void {
		this.asked.push(question);
	}
	ref(): void {}
	unref(): void {}
	async terminate(): Promise<number> {
		this.isTerminated = true;
		this.emit("exit", 1);
		return 1;
	}
	answer(): void {
		const grammar = { rules: { a: { type: "text", text: "x" } }, start: "a" };
		this.emit("message", { grammar });
	}
}

function open(options: GrammarCompilerOptions = {}) {
	const threads: ThreadDouble[] = [];
	const results: string[] = [];
	const compiler = new GrammarCompiler({
		onCompiled: (result) => results.push(result),
		startThread: () => {
			const thread = new ThreadDouble();
			threads.push(thread);
			return thread as unknown as Worker;
		},
		...options,
	});
	opened.push(compiler);
	return { compiler, threads, results };
}

const regex = (pattern: string, field = "guided_regex"): OutputConstraint => ({
	kind: "regex",
	pattern,
	field,
});

describe("the compiler", () => {
	test("compiles what several ask for at once once, and then remembers it", async () => {
		const { compiler, threads, results } = open();
		const asked = [
			compiler.compile(regex("a")),
			compiler.compile(regex("a", "nvext.guided_regex")),
		];
		threads[0]?.answer();
		const [first, second] = await Promise.all(asked);
		expect(first).toEqual(second);
		expect((await compiler.compile(regex("a"))).key).toBe(first?.key);
		expect(threads[0]?.asked).toHaveLength(1);
		expect(results).toEqual(["miss", "joined", "hit"]);
	});

	test("gives up what takes too long, and goes on with the next in another thread", async () => {
		const { compiler, threads } = open({ timeLimitMs: 1 });
		const slow = compiler.compile(regex("slow"));
		const next = compiler.compile(regex("next"));
		await expect(slow).rejects.toMatchObject({
			code: "invalid_request",
			param: "guided_regex",
			message: expect.stringContaining("took too long"),
		});
		expect(threads[0]?.isTerminated).toBe(true);
		threads[1]?.answer();
		await next;
		// What was refused once is refused at once.
		await expect(compiler.compile(regex("slow"))).rejects.toMatchObject({
			code: "invalid_request",
		});
		expect(threads).toHaveLength(2);
	});

	test("takes the end of its thread for a constraint that is too large", async () => {
		const { compiler, threads } = open();
		const asked = compiler.compile(regex("huge"));
		threads[0]?.emit("error", new Error("out of memory"));
		await expect(asked).rejects.toMatchObject({
			code: "invalid_request",
			message: expect.stringContaining("memory"),
		});
	});

	test("does not begin what nobody waits for any more", async () => {
		const { compiler, threads } = open();
		const first = compiler.compile(regex("first"));
		const left = new AbortController();
		const second = compiler.compile(regex("second"), left.signal);
		left.abort();
		await expect(second).rejects.toMatchObject({ code: "client_closed" });
		threads[0]?.answer();
		await first;
		expect(threads[0]?.asked).toHaveLength(1);
	});

	test("forgets what was used least recently when the cache is full", async () => {
		const { compiler, threads } = open({ maxCacheBytes: 250 });
		for (const pattern of ["a", "b", "c", "a"]) {
			const asked = compiler.compile(regex(pattern));
			threads[0]?.answer();
			await asked;
		}
		expect(threads[0]?.asked).toHaveLength(4);
	});

	test("refuses too much text unread", async () => {
		const { compiler, threads } = open({ maxSourceLength: 100 });
		await expect(
			compiler.compile(regex("a".repeat(100))),
		).rejects.toMatchObject({ param: "guided_regex" });
		expect(threads).toHaveLength(0);
	});

	test("compiles every kind in its real thread", async () => {
		const compiler = new GrammarCompiler();
		opened.push(compiler);
		const schema = { type: "object", properties: { a: { type: "integer" } } };
		const kinds: OutputConstraint[] = [
			{ kind: "json-schema", schema, isStrict: false, name: "x" },
			{ kind: "json-object" },
			regex("[ab]+"),
			{ kind: "choice", choices: ["a", "b"] },
			{ kind: "grammar", source: 'root ::= "a"' },
			{
				kind: "grammar-ir",
				grammar: {
					rules: {
						start: {
							type: "sequence",
							parts: [
								{ type: "text", text: "<call>" },
								{ type: "rule", name: "arguments" },
							],
						},
					},
					start: "start",
				},
				schemas: {
					arguments: { schema, field: "tools[0].function.parameters" },
				},
				trigger: null,
			},
		];
		for (const kind of kinds)
			expect((await compiler.compile(kind)).grammar.start).toBeTypeOf("string");
		await expect(
			compiler.compile({
				kind: "json-schema",
				schema: { properties: { b: { type: 3 } } },
				isStrict: false,
				name: "x",
				field: "guided_json",
			}),
		).rejects.toMatchObject({
			param: "guided_json",
			message: expect.stringContaining("/properties/b"),
		});
	}, 20_000);
});
