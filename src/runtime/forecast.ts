import type { StepPrice } from "./step-prices.ts";

/** One sequence's future: prompt tokens to compute, then steps that bring its tokens. */
export interface Work {
	tenant: string;
	/** Lower runs first. */
	priority: number;
	prefillTokens: number;
	decodeSteps: number;
	/** Sequences that run and wait to fork from this one: the other choices of its request. */
	forks: number;
}

export interface ForecastServer {
	price: StepPrice;
	prefillTokensPerStep: number;
	/** Sequences that run at once. */
	concurrency: number;
}

export interface Forecast {
	/** When each waiting one starts, in the order of their starts; `index` is its place in `waiting`. */
	starts: readonly { index: number; seconds: number }[];
	/** When the newcomer starts, and when its first token is there; null without a newcomer. */
	newcomer: { startSeconds: number; firstTokenSeconds: number } | null;
}

interface Waiting extends Work {
	/** Its place in the list given; -1 is the newcomer, null a fork. */
	index: number | null;
}

/** Beyond this many starts a forecast goes on at the pace it has seen: queues may be a million long, arrivals frequent. */
const maxSimulatedStarts = 1024;

/**
 * Plays the server forward, without steps: time jumps from one end of a prefill or an answer to the next.
 *
 *  1. free slots go to the next in line (`Line`),
 *  2. the shortest prefill goes on while the others decode, until it is done or the shortest answer is,
 *  3. again, until all have started and the newcomer has its first token.
 */
export function forecast(
	server: ForecastServer,
	running: readonly Work[],
	waiting: readonly Work[],
	newcomer: Work | null,
): Forecast {
	const line = new Line();
	for (const [index, work] of waiting.entries()) line.enter({ ...work, index });
	if (newcomer !== null) line.enter({ ...newcomer, index: -1 });
	const play = new Play(server);
	for (const work of running) {
		play.start({ ...work, index: null });
		line.charge(work.tenant, work.prefillTokens + work.decodeSteps);
	}
	const starts: { index: number; seconds: number }[] = [];
	let startSeconds: number | null = null;
	while (true) {
		while (
			play.size < server.concurrency &&
			starts.length < maxSimulatedStarts
		) {
			const next = line.next();
			if (next === null) break;
			play.start(next);
			line.charge(next.tenant, next.prefillTokens + next.decodeSteps);
			line.fork(next);
			if (next.index === -1) startSeconds = play.seconds;
			else if (next.index !== null)
				starts.push({ index: next.index, seconds: play.seconds });
		}
		const isCut = starts.length >= maxSimulatedStarts;
		const isNewcomerDone =
			newcomer === null ||
			play.newcomerSeconds !== null ||
			(isCut && startSeconds === null);
		if ((line.size === 0 || isCut) && isNewcomerDone) break;
		if (!play.advance()) break;
	}
	extrapolate(starts, waiting.length);
	const behindAll = starts.at(-1)?.seconds ?? play.seconds;
	return {
		starts,
		newcomer:
			newcomer === null
				? null
				: {
						startSeconds: startSeconds ?? behindAll,
						firstTokenSeconds:
							play.newcomerSeconds ??
							behindAll + prefillSeconds(server, newcomer.prefillTokens),
					},
	};
}

function prefillSeconds(server: ForecastServer, tokens: number): number {
	const { price, prefillTokensPerStep, concurrency } = server;
	const steps = Math.max(1, tokens / prefillTokensPerStep);
	const step = price.step + price.decodeSequence * (concurrency - 1);
	return steps * step + tokens * price.prefillToken;
}

/** Those that were not played start at the pace of those that were. */
function extrapolate(
	starts: { index: number; seconds: number }[],
	waitingCount: number,
): void {
	if (starts.length === waitingCount) return;
	const pace = (starts.at(-1)?.seconds ?? 0) / Math.max(1, starts.length);
	const played = new Set(starts.map(({ index }) => index));
	for (let index = 0; index < waitingCount; index++)
		if (!played.has(index))
			starts.push({ index, seconds: pace * (starts.length + 1) });
}

/** What runs. */
class Play {
	readonly #server: ForecastServer;
	seconds = 0;
	newcomerSeconds: number | null = null;
	#prefills: Waiting[] = [];
	/** Steps so far, and at which step each answer ends, latest first. */
	#steps = 0;
	readonly #ends: number[] = [];

	constructor(server: ForecastServer) {
		this.#server = server;
	}

	get size(): number {
		return this.#prefills.length + this.#ends.length;
	}

	start(work: Waiting): void {
		if (work.prefillTokens > 0) this.#prefills.push(work);
		else this.#decode(work.decodeSteps);
	}

	/** To the next end of something; false when nothing runs. */
	advance(): boolean {
		const { price, prefillTokensPerStep } = this.#server;
		const prefill = this.#shortestPrefill();
		const end = this.#ends.at(-1);
		if (prefill === null && end === undefined) return false;
		const prefillSteps =
			prefill === null
				? Number.POSITIVE_INFINITY
				: prefill.prefillTokens / prefillTokensPerStep;
		const endSteps =
			end === undefined ? Number.POSITIVE_INFINITY : end - this.#steps;
		const steps = Math.max(0, Math.min(prefillSteps, endSteps));
		const stepSeconds = price.step + price.decodeSequence * this.#ends.length;
		this.#steps += steps;
		this.seconds += steps * stepSeconds;
		if (prefill !== null) {
			const tokens =
				prefillSteps <= endSteps
					? prefill.prefillTokens
					: steps * prefillTokensPerStep;
			this.seconds += tokens * price.prefillToken;
			prefill.prefillTokens -= tokens;
			if (prefillSteps <= endSteps) this.#endPrefill(prefill, stepSeconds);
		}
		while (
			(this.#ends.at(-1) ?? Number.POSITIVE_INFINITY) <=
			this.#steps + 1e-9
		)
			this.#ends.pop();
		return true;
	}

	#endPrefill(work: Waiting, stepSeconds: number): void {
		this.#prefills = this.#prefills.filter((other) => other !== work);
		// Several short prompts share a step, but nobody's first token comes before the step is over.
		if (work.index === -1)
			this.newcomerSeconds = this.seconds + stepSeconds / 2;
		this.#decode(work.decodeSteps);
	}

	/** The first token comes with the prefill's last step. */
	#decode(decodeSteps: number): void {
		const end = this.#steps + Math.max(0, decodeSteps - 1);
		let low = 0;
		let high = this.#ends.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#ends[middle] as number) > end) low = middle + 1;
			else high = middle;
		}
		this.#ends.splice(low, 0, end);
	}

	#shortestPrefill(): Waiting | null {
		let shortest: Waiting | null = null;
		for (const work of this.#prefills)
			if (shortest === null || work.prefillTokens < shortest.prefillTokens)
				shortest = work;
		return shortest;
	}
}

/** Comparing all tenants at each start is worth it as long as they are few; with more, order of arrival is fair enough. */
const maxComparedTenants = 64;

/** Who is next, as the scheduler decides it: lower priority first, then the tenant served least, then the older one. */
class Line {
	/** By priority, ascending once sorted; in each, by tenant. */
	readonly #classes = new Map<number, Map<string, Waiting[]>>();
	readonly #service = new Map<string, number>();
	#order: number[] | null = null;
	size = 0;

	enter(work: Waiting): void {
		const tenants = this.#classes.get(work.priority) ?? new Map();
		this.#classes.set(work.priority, tenants);
		const queue = tenants.get(work.tenant);
		if (queue === undefined) tenants.set(work.tenant, [work]);
		else queue.push(work);
		this.#order = null;
		this.size++;
	}

	charge(tenant: string, tokens: number): void {
		this.#service.set(tenant, (this.#service.get(tenant) ?? 0) + tokens);
	}

	/** The other choices of a request that has just started are next of its tenant. */
	fork(work: Waiting): void {
		if (work.forks === 0) return;
		const queue = this.#classes.get(work.priority)?.get(work.tenant);
		const one: Waiting = { ...work, index: null, prefillTokens: 0, forks: 0 };
		const forks = Array.from({ length: work.forks }, () => one);
		if (queue !== undefined) queue.unshift(...forks);
		else for (const fork of forks) this.enter(fork);
		if (queue !== undefined) this.size += work.forks;
	}

	next(): Waiting | null {
		this.#order ??= [...this.#classes.keys()].sort((a, b) => a - b);
		for (const priority of this.#order) {
			const tenants = this.#classes.get(priority);
			if (tenants === undefined || tenants.size === 0) continue;
			const tenant = this.#leastServed(tenants);
			const queue = tenants.get(tenant) ?? [];
			const work = queue.shift();
			if (queue.length === 0) tenants.delete(tenant);
			if (work === undefined) continue;
			this.size--;
			return work;
		}
		return null;
	}

	#leastServed(tenants: ReadonlyMap<string, readonly Waiting[]>): string {
		let best = "";
		let least = Number.POSITIVE_INFINITY;
		let compared = 0;
		for (const tenant of tenants.keys()) {
			const service = this.#service.get(tenant) ?? 0;
			if (service < least) {
				best = tenant;
				least = service;
			}
			if (++compared === maxComparedTenants) break;
		}
		return best;
	}
}
