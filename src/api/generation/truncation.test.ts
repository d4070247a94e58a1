import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dropOldestTurns, roomForAnswer } from "./truncation.ts";

interface Message {
	role: string;
	size: number;
}

const role = fc.constantFrom(
	"system",
	"developer",
	"user",
	"assistant",
	"tool",
);
const conversation = fc.array(
	fc.record({ role, size: fc.integer({ min: 1, max: 50 }) }),
	{ minLength: 1, maxLength: 40 },
);
const sizeOf = (messages: readonly Message[]) =>
	messages.reduce((sum, { size }) => sum + size, 0);

describe("dropping the oldest turns", () => {
	it("keeps all that fits", () => {
		const messages = [{ role: "user" }, { role: "assistant" }];
		const kept = dropOldestTurns(messages, () => true);
		expect(kept).toEqual({ messages, droppedMessages: null });
	});

	it("keeps the system's messages, the last turn, and calls with their results", () => {
		fc.assert(
			fc.property(
				conversation,
				fc.integer({ min: 0, max: 800 }),
				(all, limit) => {
					const fits = (some: readonly Message[]) => sizeOf(some) <= limit;
					const { messages, droppedMessages } = dropOldestTurns(all, fits);
					const isFixed = (message: Message) =>
						message.role === "system" || message.role === "developer";
					// In order, nothing twice.
					expect(all.filter((one) => messages.includes(one))).toEqual(messages);
					expect(droppedMessages ?? 0).toBe(all.length - messages.length);
					for (const one of all.filter(isFixed))
						expect(messages).toContain(one);
					const lastUser = all.findLastIndex(({ role }) => role === "user");
					for (const one of all.slice(Math.max(0, lastUser)))
						if (lastUser >= 0) expect(messages).toContain(one);
					// The first that is kept begins a turn.
					const spoken = all.filter((one) => !isFixed(one));
					const kept = messages.filter((one) => !isFixed(one));
					if (kept.length < spoken.length) expect(kept[0]?.role).toBe("user");
				},
			),
		);
	});

	it("drops no more than needed", () => {
		fc.assert(
			fc.property(
				conversation,
				fc.integer({ min: 0, max: 800 }),
				(all, limit) => {
					const fits = (some: readonly Message[]) => sizeOf(some) <= limit;
					const { messages } = dropOldestTurns(all, fits);
					if (fits(all)) {
						expect(messages).toEqual(all);
						return;
					}
					// Putting the youngest dropped turn back would be too much.
					const dropped = all.filter((one) => !messages.includes(one));
					const start = dropped.findLastIndex(({ role }) => role === "user");
					const turn = dropped.slice(Math.max(0, start));
					if (dropped.length > 0)
						expect(sizeOf(messages) + sizeOf(turn)).toBeGreaterThan(limit);
				},
			),
		);
	});

	it("leaves room for an answer nobody gave a length", () => {
		expect(roomForAnswer(100_000, null)).toBe(1024);
		expect(roomForAnswer(512, null)).toBe(64);
		expect(roomForAnswer(512, 300)).toBe(300);
		expect(roomForAnswer(4, null)).toBe(1);
	});
});
