import fc from "fast-check";
import { expect, test } from "vitest";
import { TurnQueue } from "./turn-queue.ts";

function gate() {
	let open = () => {};
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { open, opened };
}

test("work runs one at a time in the order it came, whatever fails or leaves", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.constantFrom("works", "fails", "leaves"), { maxLength: 12 }),
			async (kinds) => {
				const queue = new TurnQueue();
				const { open, opened } = gate();
				const first = queue.run(() => opened);
				const ran: number[] = [];
				let running = 0;
				const all = kinds.map((kind, index) => {
					const controller = new AbortController();
					const work = queue.run(async () => {
						running += 1;
						expect(running).toBe(1);
						ran.push(index);
						await Promise.resolve();
						running -= 1;
						if (kind === "fails") throw new Error("failed");
					}, controller.signal);
					if (kind === "leaves") controller.abort();
					return work;
				});
				open();
				await first;
				const settled = await Promise.allSettled(all);
				expect(settled.map(({ status }) => status)).toEqual(
					kinds.map((kind) => (kind === "works" ? "fulfilled" : "rejected")),
				);
				expect(ran).toEqual(
					[...kinds.keys()].filter((index) => kinds[index] !== "leaves"),
				);
			},
		),
		{ numRuns: 50 },
	);
});

test("closing refuses those who wait and those who come, and waits for the one that runs", async () => {
	const queue = new TurnQueue();
	const { open, opened } = gate();
	const done: string[] = [];
	const running = queue.run(async () => {
		await opened;
		done.push("work");
	});
	const waiting = queue.run(async () => done.push("waiting"));
	const closed = queue.close().then(() => done.push("closed"));
	await expect(waiting).rejects.toMatchObject({ code: "draining" });
	await expect(queue.run(async () => 1)).rejects.toMatchObject({
		code: "draining",
	});
	expect(done).toEqual([]);
	open();
	await running;
	await closed;
	expect(done).toEqual(["work", "closed"]);
});

test("one who left before its turn came is refused at once", async () => {
	const queue = new TurnQueue();
	await expect(
		queue.run(async () => 1, AbortSignal.abort()),
	).rejects.toMatchObject({ code: "client_closed" });
	expect(await queue.run(async () => 2)).toBe(2);
});
