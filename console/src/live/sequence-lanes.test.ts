import { expect, test } from "vitest";
import type { FleetMoment, LiveSequence } from "../api/fleet-types.ts";
import { layOutLanes } from "./sequence-lanes.ts";

function sequence(id: string, change: Partial<LiveSequence>): LiveSequence {
	return {
		id,
		choice: 0,
		state: "decode",
		waitsFor: null,
		priority: 0,
		promptTokens: 100,
		cachedTokens: 0,
		computedTokens: 100,
		generatedTokens: 1,
		preemptions: 0,
		ageSeconds: 5,
		...change,
	};
}

function moment(second: number, ...sequences: LiveSequence[]): FleetMoment {
	return {
		at: second * 1000,
		services: [
			{
				name: "chat",
				replicas: [
					{
						id: "1",
						phase: "ready",
						running: 0,
						waiting: 0,
						kvUse: 0,
						stepMs: 0,
						tokensPerSecond: 0,
						ttftMs: null,
						itlMs: null,
						memoryBytes: 0,
						sequences,
					},
				],
			},
		],
	};
}

test("what is in flight together has lanes of its own; a lane that is free is taken again", () => {
	const lanes = layOutLanes(
		[
			moment(10, sequence("a", {}), sequence("b", {})),
			moment(11, sequence("b", {})),
			moment(12, sequence("b", {})),
			moment(13, sequence("b", {}), sequence("c", { ageSeconds: 0.2 })),
		],
		"chat",
		0,
	);
	expect(lanes.lanes).toBe(2);
	expect(
		Object.fromEntries(lanes.bars.map(({ id, lane }) => [id, lane])),
	).toEqual({ "1 a 0": 0, "1 b 0": 1, "1 c 0": 0 });
});

test("a change of state is a new segment where the last one ended; the cache's share is kept", () => {
	const { bars } = layOutLanes(
		[
			moment(1, sequence("a", { state: "waiting" })),
			moment(2, sequence("a", { state: "prefill", cachedTokens: 60 })),
			moment(3, sequence("a", { cachedTokens: 60 })),
			moment(4, sequence("a", { cachedTokens: 60 })),
		],
		"chat",
		0,
	);
	expect(bars[0]?.segments).toEqual([
		{ from: 0, to: 1000, state: "waiting" },
		{ from: 1000, to: 2000, state: "prefill" },
		{ from: 2000, to: 4000, state: "decode" },
	]);
	expect(bars[0]?.cachedShare).toBe(0.6);
});

test("replicas have lanes of their own: what they compute is never one batch", () => {
	const [one] = moment(1, sequence("a", {})).services;
	const replica = one?.replicas[0];
	if (replica === undefined) throw new Error("no replica");
	const { bars, lanes, replicas } = layOutLanes(
		[
			{
				at: 1000,
				services: [
					{ name: "chat", replicas: [replica, { ...replica, id: "2" }] },
				],
			},
		],
		"chat",
		0,
	);
	expect(lanes).toBe(2);
	expect(bars.map(({ lane }) => lane)).toEqual([0, 1]);
	expect(replicas).toEqual([
		{ id: "1", firstLane: 0 },
		{ id: "2", firstLane: 1 },
	]);
});
