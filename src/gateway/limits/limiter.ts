import { Patience } from "../patience.ts";
import type { BodyReader } from "../policy/body-facts.ts";
import type {
	Admission,
	CallOutcome,
	ModelCall,
	RequestPolicy,
} from "../policy/model-call.ts";
import {
	estimateAnswerTokens,
	estimatePromptTokens,
} from "../policy/token-estimate.ts";
import {
	type Subject,
	tooExpensive,
	tooLarge,
	tooMany,
	usedUp,
} from "./limit-refusals.ts";
import type { Limits } from "./limits.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import { SlotShare } from "./slot-share.ts";
import { type SlotStore, slotSeconds } from "./slot-store.ts";
import { type WindowKind, windowKinds } from "./window-kind.ts";
import { WindowShare } from "./window-share.ts";
import type { WindowStore } from "./window-store.ts";

export interface LimiterParts {
	windows: WindowStore;
	slots: SlotStore;
	bodies: BodyReader;
	/** Of a tenant; null where it has none. */
	limitsOf(tenant: string): Limits | null;
	spending: Spending;
	/** How long a request waits for the database before its gateway goes on alone. */
	patienceMs?: number;
	/** Milliseconds since 1970. */
	now?: () => number;
}

/** What has been spent, and what a call may cost. */
export interface Spending {
	/** Makes sure that the figures of a subject are not old; nothing to wait for where they aren't. */
	refresh(subject: string): Promise<void> | undefined;
	/** US dollars, by the newest figures that are there. */
	spent(subject: string): number;
	cost(
		model: string,
		tokens: {
			promptTokens: number;
			cachedTokens: number;
			completionTokens: number;
		},
	): number | null;
}

/** What a call sets aside while it runs. */
interface Reservation {
	windows: readonly Taken[];
	slots: readonly SlotShare[];
	spending: readonly { subject: string; dollars: number }[];
}

interface Want {
	share: WindowShare;
	amount: number;
}

interface Taken extends Want {
	/** The window that it was taken from. */
	startsAt: number;
}

/** What a call needs, as far as can be told before. */
interface Estimate {
	promptTokens: number;
	answerTokens: number;
	/** The request says itself that its answer takes no more. */
	isLimit: boolean;
	dollars: number;
}

const tidyMs = 1000;

/**
 * Requests and tokens in a window, requests at a time, and money: of a key and of its tenant. All that a call needs is set aside
 * when it comes, its tokens by estimate, and put right when it ends. Windows and places are shared between gateways
 * through the database, of which each has its share in memory (window-share.ts):
 *
 *   - requests: never more than the limit in a window
 *   - tokens: never more set aside than the limit. A call may take more than was set aside when it names no `max_tokens`, or by the
 *     error of the estimate of its prompt; then later calls wait for it. So a window ends at most by those differences
 *     above its limit, of the calls that ran at its end
 *   - money: the same, with prices; and what other gateways have spent is known a second late
 *   - while the database is away, each gateway keeps to the limit for itself
 */
export class Limiter implements RequestPolicy {
	readonly #parts: LimiterParts;
	readonly #now: () => number;
	readonly #windows = new Map<string, WindowShare>();
	readonly #slots = new Map<string, SlotShare>();
	/** Of calls that run, by estimate. */
	readonly #reservedDollars = new Map<string, number>();
	readonly #patience: Patience;
	#timer: NodeJS.Timeout | null = null;
	#renewedAt = 0;
	#isTidying = false;

	constructor(parts: LimiterParts) {
		this.#parts = parts;
		this.#now = parts.now ?? Date.now;
		this.#patience = new Patience(this.#now, parts.patienceMs);
	}

	admit(call: ModelCall): Admission | Promise<Admission> {
		const subjects = this.#subjects(call);
		return subjects.length === 0 ? {} : this.#admit(call, subjects);
	}

	/** Gives back what this gateway holds. */
	async close(): Promise<void> {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
		await this.tidy(true);
	}

	async #admit(
		call: ModelCall,
		subjects: readonly Subject[],
	): Promise<Admission> {
		this.#timer ??= setInterval(() => void this.tidy(), tidyMs).unref();
		const estimate = this.#estimate(call);
		const wants = this.#wants(estimate, subjects);
		const slots = this.#slotsOf(subjects);
		const spenders = subjects.filter(({ limits }) => hasLimit(limits.spendUsd));
		for (const { name } of spenders) {
			const refreshing = this.#parts.spending.refresh(name);
			if (refreshing !== undefined) await refreshing;
		}
		const windows =
			this.#take(wants, slots) ?? (await this.#reserve(wants, slots, subjects));
		const { dollars } = estimate;
		const overspent = spenders.find((one) => !this.#affords(one, dollars));
		const spending = spenders.map(({ name }) => ({ subject: name, dollars }));
		const reservation: Reservation = { windows, slots, spending };
		for (const { name } of spenders) this.#reserveDollars(name, dollars);
		if (overspent !== undefined) {
			this.#settle(reservation, { kind: "refused", usage: null });
			throw tooExpensive(overspent, {
				spent: this.#parts.spending.spent(overspent.name),
				running: this.#reservedDollars.get(overspent.name) ?? 0,
				asked: dollars,
			});
		}
		return {
			headers: rateLimitHeaders(
				wants.map(({ share }) => share),
				this.#now(),
			),
			settle: (outcome) => this.#settle(reservation, outcome),
		};
	}

	#subjects({ principal }: ModelCall): Subject[] {
		const subjects: Subject[] = [];
		const { keyId, limits, name, tenant } = principal;
		if (keyId !== null && limits !== null && limits !== undefined)
			if (Object.keys(limits).length > 0)
				subjects.push({
					name: `key:${keyId}`,
					title: `the key '${name}'`,
					limits,
				});
		const shared = this.#parts.limitsOf(tenant);
		if (shared !== null)
			subjects.push({
				name: `tenant:${tenant}`,
				title: `the tenant '${tenant}'`,
				limits: shared,
			});
		return subjects;
	}

	#estimate({ body, path, model }: ModelCall): Estimate {
		const facts = this.#parts.bodies.of(body);
		const promptTokens = estimatePromptTokens(facts);
		const { tokens, isLimit } = estimateAnswerTokens(path, facts);
		const dollars =
			this.#parts.spending.cost(model, {
				promptTokens,
				cachedTokens: 0,
				completionTokens: tokens,
			}) ?? 0;
		return { promptTokens, answerTokens: tokens, isLimit, dollars };
	}

	#wants(estimate: Estimate, subjects: readonly Subject[]): Want[] {
		const nowMs = this.#now();
		const wants: Want[] = [];
		for (const subject of subjects)
			for (const kind of windowKinds) {
				const limit = subject.limits[kind.kind];
				if (!hasLimit(limit)) continue;
				const share = this.#windowOf(subject.name, kind, limit);
				share.roll(nowMs);
				const amount =
					kind.counts === "requests" ? 1 : tokensOf(estimate, limit);
				if (amount > limit) throw tooLarge(subject, share, amount, nowMs);
				wants.push({ share, amount });
			}
		return wants;
	}

	#windowOf(name: string, kind: WindowKind, limit: number): WindowShare {
		const id = `${name} ${kind.kind}`;
		let share = this.#windows.get(id);
		if (share === undefined) {
			const { windows } = this.#parts;
			share = new WindowShare(name, kind, limit, windows, this.#now);
			this.#windows.set(id, share);
		}
		share.limit = limit;
		return share;
	}

	#slotsOf(subjects: readonly Subject[]): SlotShare[] {
		return subjects.flatMap(({ name, limits: { concurrency } }) => {
			if (!hasLimit(concurrency)) return [];
			let share = this.#slots.get(name);
			if (share === undefined) {
				share = new SlotShare(name, concurrency, this.#parts.slots, this.#now);
				this.#slots.set(name, share);
			}
			share.limit = concurrency;
			return [share];
		});
	}

	/** All or nothing; between looking and taking nobody else runs. */
	#take(wants: readonly Want[], slots: readonly SlotShare[]): Taken[] | null {
		const nowMs = this.#now();
		for (const { share } of wants) share.roll(nowMs);
		const isFree =
			wants.every(({ share, amount }) => share.free >= amount) &&
			slots.every((share) => share.free >= 1);
		if (!isFree) return null;
		for (const { share, amount } of wants) share.take(amount, nowMs);
		for (const share of slots) share.take(nowMs);
		return wants.map(({ share, amount }) => ({
			share,
			amount,
			startsAt: share.startsAt,
		}));
	}

	/** Asks the database for what is short, until all is there or something is used up. */
	async #reserve(
		wants: readonly Want[],
		slots: readonly SlotShare[],
		subjects: readonly Subject[],
	): Promise<Taken[]> {
		const windows = wants.map(({ share }) => share);
		const refuse = (
			window: WindowShare | undefined,
			slot: SlotShare | undefined,
		) => {
			const moment = { subjects, windows, nowMs: this.#now() };
			if (window !== undefined) throw usedUp(window, moment);
			if (slot !== undefined) throw tooMany(slot, moment);
		};
		for (;;) {
			const taken = this.#take(wants, slots);
			if (taken !== null) return taken;
			const nowMs = this.#now();
			const short = wants.filter(({ share, amount }) => share.free < amount);
			const full = slots.filter((share) => share.free < 1);
			refuse(
				short.find(({ share }) => share.isExhausted(nowMs))?.share,
				full.find((share) => share.isExhausted(nowMs)),
			);
			const isHere = await this.#patience.hasDone(async () => {
				await Promise.all([
					...short.map(({ share, amount }) => share.more(amount)),
					...full.map((share) => share.more()),
				]);
			});
			if (isHere) continue;
			for (const { share } of short) share.borrow();
			for (const share of full) share.borrow();
			refuse(
				short.find(({ share, amount }) => share.free < amount)?.share,
				full.find((share) => share.free < 1),
			);
		}
	}

	#affords({ name, limits: { spendUsd } }: Subject, dollars: number): boolean {
		const spent = this.#parts.spending.spent(name);
		const running = this.#reservedDollars.get(name) ?? 0;
		const most = spendUsd ?? Number.POSITIVE_INFINITY;
		return spent < most && spent + running + dollars <= most;
	}

	#reserveDollars(subject: string, dollars: number): void {
		const sum = (this.#reservedDollars.get(subject) ?? 0) + dollars;
		// Sums of fractions don't come back to zero.
		if (sum < 1e-9) this.#reservedDollars.delete(subject);
		else this.#reservedDollars.set(subject, sum);
	}

	#settle(
		{ windows, slots, spending }: Reservation,
		outcome: Pick<CallOutcome, "kind" | "usage">,
	): void {
		const isRefused = outcome.kind === "refused";
		const { usage } = outcome;
		const tokens =
			usage === null ? 0 : usage.promptTokens + usage.completionTokens;
		for (const { share, amount, startsAt } of windows) {
			const isOfTokens = share.kind.counts === "tokens";
			// Nobody took it: it counts as if it had never come.
			const real = isOfTokens ? tokens : isRefused ? 0 : 1;
			share.settle(amount, real, startsAt);
		}
		for (const share of slots) share.release();
		for (const { subject, dollars } of spending)
			this.#reserveDollars(subject, -dollars);
	}

	/** Once a second: settles debts, gives back what isn't used, says that this gateway is still there. */
	async tidy(isEnd = false): Promise<void> {
		if (this.#isTidying || this.#patience.isAway) return;
		this.#isTidying = true;
		const nowMs = this.#now();
		try {
			for (const [id, share] of this.#windows)
				if (await share.tidy(nowMs, isEnd)) this.#windows.delete(id);
			for (const [id, share] of this.#slots)
				if (await share.tidy(nowMs, isEnd)) this.#slots.delete(id);
			const renewal = (slotSeconds * 1000) / 5;
			if (this.#slots.size === 0 || nowMs - this.#renewedAt < renewal) return;
			this.#renewedAt = nowMs;
			await this.#parts.slots.renew();
		} catch {
			// The database is away; what is owed is kept, and sent when it is back.
			this.#patience.fail();
		} finally {
			this.#isTidying = false;
		}
	}
}

function hasLimit(limit: number | null | undefined): limit is number {
	return limit !== null && limit !== undefined;
}

/** Where the request doesn't say how much it takes, what is set aside for its answer doesn't make it impossible. */
function tokensOf(
	{ promptTokens, answerTokens, isLimit }: Estimate,
	limit: number,
): number {
	const all = promptTokens + answerTokens;
	return isLimit ? all : Math.max(promptTokens, Math.min(all, limit));
}
