import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { decideScale } from "../../src/gateway/autoscale/decide-scale.ts";
import { scalingMetrics } from "../../src/gateway/autoscale/scaling-metrics.ts";
import type { ScalingSettings } from "../../src/gateway/autoscale/scaling-settings.ts";
import {
	noHistory,
	type ScaleHistory,
	steadyReplicas,
	withChange,
} from "../../src/gateway/autoscale/steady-replicas.ts";
import type { ReplicaReading } from "../../src/gateway/replicas/replica-reading.ts";

/** Of a service that was measured nowhere: round figures, near those of a small model on a few cores. */
export const service = {
	places: 8,
	/** Milliseconds between two tokens of a sequence, with so many running. */
	itlMs: (running: number) => 20 + 5 * running,
	meanTokens: 150,
	/** Where a replica should be: three quarters of its places. */
	targetRequests: 6,
	max: 8,
};

export interface SimulatedPolicy {
	name: string;
	/** Null stays at `first`. */
	settings: ScalingSettings | null;
	first: number;
	/** `minReplicas`; 1 where left out. */
	min?: number;
	/**
	 * In the place of what the replicas tell, the offered load itself, of this moment and of so many seconds to come: what no rule can
	 * do better than. Left out, it decides by what is told.
	 */
	knownSeconds?: number;
}

export interface SimulatedFigures {
	/** Replicas beyond those needed, as a share of those needed. */
	overProvisioned: number;
	/** Share of the time in which requests per ready replica were beyond the target and its tolerance. */
	overTarget: number;
	waitP50: number;
	waitP95: number;
	meanReplicas: number;
	changesPerHour: number;
	/** Changes that took back one of the ten minutes before. */
	turnsPerHour: number;
}

interface SimulatedReplica {
	id: string;
	readyAt: number;
	isLeaving: boolean;
	/** Tokens that each still has to give. */
	running: number[];
	waiting: { tokens: number; cameAt: number }[];
}

const stepSeconds = 0.25;
const turnSeconds = 600;

export function simulateScaling(
	rates: readonly number[],
	startSeconds: number,
	{ settings, first, min = 1, knownSeconds }: SimulatedPolicy,
	seed: number,
): SimulatedFigures {
	const { next: random } = createRandomSource(seed);
	let numbers = 0;
	const replicas: SimulatedReplica[] = [];
	const add = (readyAt: number) =>
		replicas.push({
			id: `s/${++numbers}`,
			readyAt,
			isLeaving: false,
			running: [],
			waiting: [],
		});
	for (let count = 0; count < first; count++) add(0);
	const waits: number[] = [];
	const changes: { at: number; by: number }[] = [];
	let history: ScaleHistory = noHistory;
	let decidedAt = 0;
	let [provisioned, spare, needed, over] = [0, 0, 0, 0];

	const arrive = (now: number, ready: readonly SimulatedReplica[]) => {
		const tokens = Math.max(1, -Math.log(1 - random()) * service.meanTokens);
		const [best] = [...ready].sort(
			(left, right) => loadOf(left) - loadOf(right),
		);
		best?.waiting.push({ tokens, cameAt: now });
	};

	for (let now = 0; now < rates.length; now += stepSeconds) {
		const rate = rates[Math.floor(now)] ?? 0;
		const staying = replicas.filter(({ isLeaving }) => !isLeaving);
		const ready = staying.filter(({ readyAt }) => readyAt <= now);
		for (let count = poisson(rate * stepSeconds, random); count > 0; count--)
			arrive(now, ready);
		for (const replica of replicas) compute(replica, now, waits);
		for (const [index, replica] of [...replicas.entries()].toReversed())
			if (replica.isLeaving && loadOf(replica) === 0) replicas.splice(index, 1);
		const ideal = idealFor(rate);
		provisioned += replicas.length;
		needed += ideal;
		spare += Math.max(0, replicas.length - ideal);
		const load = ready.reduce((sum, replica) => sum + loadOf(replica), 0);
		if (load / Math.max(1, ready.length) > 1.1 * service.targetRequests) over++;
		if (settings === null || now - decidedAt < settings.everySeconds) continue;
		decidedAt = now;
		const readings = new Map(
			ready.map((replica) => [replica.id, readingOf(replica)]),
		);
		const known = () => {
			const ahead = rates.slice(
				Math.floor(now),
				Math.floor(now) + (knownSeconds ?? 0) + 1,
			);
			const wish = idealFor(Math.max(...ahead));
			const { replicas: to, history: after } = steadyReplicas(
				now * 1000,
				staying.length,
				wish,
				{ min, max: service.max },
				{ up: settings.scaleUp, down: settings.scaleDown },
				history,
			);
			return { from: staying.length, to, history: after };
		};
		const told = () =>
			decideScale(
				{
					now: now * 1000,
					min,
					max: service.max,
					replicas: staying.map(({ id, readyAt }) => ({
						id,
						readiness: readyAt <= now ? "ready" : "unready",
					})),
					metrics: scalingMetrics(readings, settings),
				},
				settings,
				history,
			);
		const decision = knownSeconds === undefined ? told() : known();
		history = decision.history;
		const by = decision.to - decision.from;
		if (by === 0) continue;
		history = withChange(history, now * 1000, by);
		changes.push({ at: now, by });
		for (let count = 0; count < by; count++) add(now + startSeconds);
		// As a replica set does: those that aren't ready first, then the youngest.
		const leaving = staying
			.toReversed()
			.sort(
				(left, right) =>
					Number(left.readyAt <= now) - Number(right.readyAt <= now),
			);
		for (const replica of leaving.slice(0, Math.max(0, -by)))
			replica.isLeaving = true;
	}
	for (const { waiting } of replicas)
		for (const { cameAt } of waiting) waits.push(rates.length - cameAt);
	waits.sort((left, right) => left - right);
	const steps = rates.length / stepSeconds;
	const hours = rates.length / 3600;
	const turns = changes.filter(({ at, by }) =>
		changes.some(
			(before) =>
				before.at < at &&
				at - before.at <= turnSeconds &&
				Math.sign(before.by) === -Math.sign(by),
		),
	).length;
	return {
		overProvisioned: spare / needed,
		overTarget: over / steps,
		waitP50: waits[Math.floor(waits.length * 0.5)] ?? 0,
		waitP95: waits[Math.floor(waits.length * 0.95)] ?? 0,
		meanReplicas: provisioned / steps,
		changesPerHour: changes.length / hours,
		turnsPerHour: turns / hours,
	};
}

const idealFor = (rate: number) =>
	Math.max(1, Math.ceil(neededFor(rate) - 1e-9));

/** Replicas that have the load at their target, by Little's law. */
function neededFor(rate: number): number {
	const { itlMs, targetRequests, meanTokens } = service;
	const seconds = (meanTokens * itlMs(targetRequests)) / 1000;
	return (rate * seconds) / targetRequests;
}

function loadOf({ running, waiting }: SimulatedReplica): number {
	return running.length + waiting.length;
}

function compute(
	replica: SimulatedReplica,
	now: number,
	waits: number[],
): void {
	const { waiting } = replica;
	while (replica.running.length < service.places) {
		const next = waiting.shift();
		if (next === undefined) break;
		waits.push(now - next.cameAt);
		replica.running.push(next.tokens);
	}
	const given = (stepSeconds * 1000) / service.itlMs(replica.running.length);
	replica.running = replica.running
		.map((tokens) => tokens - given)
		.filter((tokens) => tokens > 0);
}

function readingOf({ running, waiting }: SimulatedReplica): ReplicaReading {
	const itl = service.itlMs(running.length);
	return {
		running: running.length,
		waiting: waiting.length,
		maxSequences: service.places,
		kvUse: running.length / (service.places * 2),
		stepMs: itl,
		tokensPerSecond: (1000 * running.length) / itl,
		ttftMs: null,
		itlMs: running.length === 0 ? null : { p50: itl, p95: itl },
	};
}

function poisson(mean: number, random: () => number): number {
	const limit = Math.exp(-mean);
	let product = random();
	let count = 0;
	while (product > limit) {
		product *= random();
		count++;
	}
	return count;
}
