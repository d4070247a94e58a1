import { GalleyError } from "../core/errors.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import { type Arrival, Backlog } from "./backlog.ts";
import type { StepReport } from "./engine-protocol.ts";
import { TenantPresence } from "./tenant-presence.ts";
import { type WaitEstimate, WaitEstimator } from "./wait-estimator.ts";

export interface QueueLimits {
	/** Requests that may wait for their first step. */
	maxQueuedRequests: number;
	/** Prompt tokens that may wait. */
	maxQueuedPromptTokens: number;
	/** How long a request may be expected to wait for its first step; 0 is any time. */
	maxQueueSeconds: number;
	maxSequences: number;
}

export interface AskedArrival extends Arrival {
	/** Milliseconds to the first token at most; null is any time. */
	deadlineMs: number | null;
}

export function toArrival(
	request: GenerationRequest,
	maxModelLength: number,
): AskedArrival {
	const { choices, tenant, priority, deadlineMs, stop } = request;
	const promptTokens = request.promptTokens.length;
	const room = Math.max(1, maxModelLength - promptTokens);
	const maxTokens = Math.min(stop.maxTokens ?? room, room);
	return { promptTokens, choices, maxTokens, tenant, priority, deadlineMs };
}

/** How long one tenant's last request keeps the others from taking the whole queue. */
const presenceMs = 120_000;
/** Who is told to come back should not be told so again: estimates err to both sides. */
const retryMargin = 1.1;

/** What waits at one moment, of all and of one tenant. */
interface Room {
	requests: number;
	tokens: number;
	ownRequests: number;
	ownTokens: number;
}

/**
 * The door. A request is refused when
 *
 *  1. no slot is free and as many requests, or prompt tokens, wait as may,
 *  2. no slot is free, others have asked lately, and its tenant holds as much of the queue as is left free
 *     (a dynamic threshold, after Choudhury and Hahne, 1998, with alpha 1: one of two busy tenants gets a third of the
 *     queue, the other a third, and the last third stays free for who comes next),
 *  3. it would wait longer than anybody should,
 *  4. its first token would come after its deadline.
 *
 * Every refusal that waiting can cure says when a retry will be accepted if nobody else comes.
 */
export class AdmissionQueue {
	readonly #limits: QueueLimits;
	readonly #backlog = new Backlog();
	readonly #estimator: WaitEstimator;
	readonly #tenants = new TenantPresence(presenceMs);
	/** Forecasts that are not due yet, uncorrected, by request. */
	readonly #forecasts = new Map<number, number>();
	/** Waits found too long since the last change, by tenant and priority: a storm of retries must not cost a forecast each. */
	readonly #longWaits = new Map<string, number>();
	#longWaitsVersion = 0;

	constructor(limits: QueueLimits) {
		this.#limits = limits;
		this.#estimator = new WaitEstimator(limits.maxSequences);
	}

	get waitingRequests(): number {
		return this.#backlog.waitingRequests;
	}

	/** Null when the request is in the queue now, else why it is not. `now` is in monotonic milliseconds. */
	admit(
		number: number,
		arrival: AskedArrival,
		now: number,
	): GalleyError | null {
		this.#tenants.seen(arrival.tenant, now);
		const isShared = this.#tenants.hasOthers(arrival.tenant, now);
		const noRoom = this.#roomRefusal(arrival, isShared);
		if (noRoom !== null) return noRoom;
		// As long as nothing was measured, nobody is refused for an estimate.
		if (this.#estimator.isReady) {
			const longWait = this.#longWait(arrival);
			if (longWait !== null)
				return this.#waitRefusal(arrival, isShared, longWait);
			const estimate = this.#estimator.estimate(arrival, this.#backlog);
			const tooLate =
				this.#waitRefusal(arrival, isShared, estimate.queueSeconds) ??
				deadlineRefusal(arrival, estimate);
			if (tooLate !== null) return tooLate;
			this.#forecasts.set(number, this.#estimator.uncorrected(estimate));
		}
		this.#backlog.enter(number, arrival, now);
		return null;
	}

	/** It is over, however it ended. Any number of times. */
	leave(number: number): void {
		this.#backlog.leave(number);
		this.#forecasts.delete(number);
	}

	/** A stop string ended a choice: the engine says nothing more of it. */
	endChoice(number: number): void {
		this.#backlog.endChoice(number);
		this.#estimator.answerEnded();
	}

	hearStep(report: StepReport, now: number): void {
		this.#estimator.hearStep(report, this.#backlog);
		this.#backlog.hearStep(report);
		for (let index = 0; index < report.tokens.length; index += 3)
			this.#heardToken(report.tokens[index] as number, now);
	}

	/** Its deadline passed first: its first token is at least this late. */
	hearExpiry(number: number, now: number): void {
		this.#heardToken(number, now);
	}

	#heardToken(number: number, now: number): void {
		const forecast = this.#forecasts.get(number);
		const entry = this.#backlog.entry(number);
		if (forecast === undefined || entry === null) return;
		this.#forecasts.delete(number);
		this.#estimator.check((now - entry.arrivedAt) / 1000, forecast);
	}

	#roomRefusal(arrival: Arrival, isShared: boolean): GalleyError | null {
		if (this.#backlog.sequences < this.#estimator.concurrency) return null;
		const room = this.#room(arrival.tenant);
		if (this.#fits(room, arrival, isShared)) return null;
		const { requests, tokens, ownRequests, ownTokens } = room;
		const isOwnFault = this.#fits(room, arrival, false);
		return queueFull(
			isOwnFault
				? `${ownRequests} of your requests with ${ownTokens} prompt tokens are waiting already, and the rest of the queue is kept for others`
				: `${requests} requests with ${tokens} prompt tokens are waiting already`,
			this.#retrySeconds(arrival, room, isShared),
		);
	}

	#waitRefusal(
		arrival: Arrival,
		isShared: boolean,
		queueSeconds: number,
	): GalleyError | null {
		const { maxQueueSeconds } = this.#limits;
		// Who finds nobody waiting takes the next place, however long that takes.
		if (maxQueueSeconds === 0 || this.#backlog.waitingRequests === 0)
			return null;
		if (queueSeconds <= maxQueueSeconds) return null;
		this.#longWaits.set(waiterKey(arrival), queueSeconds);
		const room = this.#room(arrival.tenant);
		return queueFull(
			`This request would wait about ${Math.round(queueSeconds)} s, longer than the ${maxQueueSeconds} s that a request may wait here`,
			Math.max(
				(queueSeconds - maxQueueSeconds) * retryMargin,
				this.#retrySeconds(arrival, room, isShared),
			),
		);
	}

	/** When a request starts depends on who it is, not on how much it asks for. */
	#longWait(arrival: Arrival): number | null {
		if (this.#longWaitsVersion !== this.#backlog.version) {
			this.#longWaitsVersion = this.#backlog.version;
			this.#longWaits.clear();
		}
		return this.#longWaits.get(waiterKey(arrival)) ?? null;
	}

	#room(tenant: string): Room {
		const { waitingRequests: requests, waitingTokens: tokens } = this.#backlog;
		const room = { requests, tokens, ownRequests: 0, ownTokens: 0 };
		for (const { arrival } of this.#backlog.waiting) {
			if (arrival.tenant !== tenant) continue;
			room.ownRequests++;
			room.ownTokens += arrival.promptTokens;
		}
		return room;
	}

	/** An empty queue takes any prompt: the bound is on what piles up, not on how long one prompt may be. */
	#fits(room: Room, { promptTokens }: Arrival, isShared: boolean): boolean {
		const { maxQueuedRequests, maxQueuedPromptTokens } = this.#limits;
		const freeRequests = maxQueuedRequests - room.requests;
		const freeTokens = maxQueuedPromptTokens - room.tokens;
		if (freeRequests <= 0) return false;
		if (room.requests > 0 && promptTokens > freeTokens) return false;
		if (!isShared || room.ownRequests === 0) return true;
		return room.ownRequests < freeRequests && room.ownTokens < freeTokens;
	}

	/** Plays the departures until there is room. Where nothing may wait, that is when a slot is free. */
	#retrySeconds(arrival: Arrival, room: Room, isShared: boolean): number {
		const left = { ...room };
		if (this.#fits(left, arrival, isShared)) return 0;
		for (const departure of this.#estimator.departures(this.#backlog)) {
			left.requests--;
			left.tokens -= departure.promptTokens;
			if (departure.tenant === arrival.tenant) {
				left.ownRequests--;
				left.ownTokens -= departure.promptTokens;
			}
			if (this.#fits(left, arrival, isShared))
				return departure.seconds * retryMargin;
		}
		return (
			this.#estimator.estimate(arrival, this.#backlog).queueSeconds *
			retryMargin
		);
	}
}

function waiterKey({ priority, tenant }: Arrival): string {
	return `${priority} ${tenant}`;
}

/**
 * A forecast must be this much better than the deadline: nine in ten are right within a fifth, and who is let in and then
 * misses its deadline has waited for nothing and taken others' time.
 */
const deadlineMargin = 1.3;

function deadlineRefusal(
	{ deadlineMs }: AskedArrival,
	{ firstTokenSeconds, aloneSeconds }: WaitEstimate,
): GalleyError | null {
	if (deadlineMs === null) return null;
	const lateSeconds = firstTokenSeconds * deadlineMargin - deadlineMs / 1000;
	if (lateSeconds <= 0) return null;
	const expected = `The first token would come after about ${Math.ceil(firstTokenSeconds * 1000)} ms, later than the deadline, which is in ${Math.round(deadlineMs)} ms`;
	if (aloneSeconds * 1000 > deadlineMs)
		return new GalleyError(
			"deadline_unreachable",
			`${expected}, and also on an idle server: send a shorter prompt or a later deadline.`,
			{ param: "deadline_ms" },
		);
	const retryAfterSeconds = toRetryAfter(lateSeconds * retryMargin);
	return new GalleyError(
		"deadline_unreachable",
		`${expected}; try again in ${retryAfterSeconds} s, or send a later deadline.`,
		{ param: "deadline_ms", retryAfterSeconds },
	);
}

function queueFull(reason: string, seconds: number): GalleyError {
	const retryAfterSeconds = toRetryAfter(seconds);
	return new GalleyError(
		"queue_full",
		`${reason}; try again in ${retryAfterSeconds} s.`,
		{ retryAfterSeconds },
	);
}

/** Whole seconds, and never 0: that would invite a storm. */
function toRetryAfter(seconds: number): number {
	return Math.max(1, Math.ceil(seconds));
}
