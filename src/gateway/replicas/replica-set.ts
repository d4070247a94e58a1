import { GalleyError } from "../../core/errors.ts";
import type { ReplicaLoad } from "../routing/choose-replica.ts";
import type { StartRoom } from "./memory-keeper.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { ServiceProcess } from "./service-process.ts";

export interface ReplicaSetOptions {
	name: string;
	replicas: number;
	createReplica(number: number): ServiceProcess;
	startsOnDemand: boolean;
	/** Without a request for so long, an on-demand service stops; 0 is never. */
	idleMs: number;
	/** How many there are when a request wakes it; as many as now where left out. */
	atRest?: number;
	/** Asked before a request starts it; without one it starts at once. */
	room?: StartRoom;
}

/** The replicas of one service, and what the gateway has sent to each. */
export class ReplicaSet {
	readonly name: string;
	readonly #options: ReplicaSetOptions;
	readonly #replicas: ServiceProcess[] = [];
	readonly #outstanding = new Map<string, number>();
	readonly #queue: ReadyQueue;
	#numbers = 0;
	#lastUsed = performance.now();
	#requests = 0;
	#leaving = 0;
	readonly #ends = new Set<Promise<unknown>>();
	#idleTimer: NodeJS.Timeout | null = null;
	#isHeld = false;
	#isReleased = false;
	/** One more than usual: it is to take another one's place. */
	#spare: ServiceProcess | null = null;

	constructor(options: ReplicaSetOptions) {
		this.name = options.name;
		this.#options = options;
		this.#queue = new ReadyQueue({
			isReady: () => this.isReady,
			isHopeless: () => this.hasFailed || this.#isHeld || this.#isRefused,
		});
		for (let count = 0; count < options.replicas; count++) this.#add();
		if (options.startsOnDemand && options.idleMs > 0) {
			this.#idleTimer = setInterval(
				() => this.#stopIdle(),
				Math.min(options.idleMs, 5000),
			);
			this.#idleTimer.unref();
		}
	}

	get startsOnDemand(): boolean {
		return this.#options.startsOnDemand;
	}

	/** How many there are when a request wakes it. */
	get atRest(): number {
		return Math.max(1, this.#options.atRest ?? this.#options.replicas);
	}

	/** Replicas that were told to end and have not ended. */
	get leaving(): number {
		return this.#leaving;
	}

	/** Requests that it has. */
	get requests(): number {
		return this.#requests;
	}

	/** Requests that wait until it is ready. */
	get waiting(): number {
		return this.#queue.length;
	}

	/** Nobody waits for it, and it computes nothing. */
	get isIdle(): boolean {
		return this.#requests === 0 && this.#queue.length === 0;
	}

	/** `performance.now()` */
	get lastUsedAt(): number {
		return this.#lastUsed;
	}

	/** Nothing of it runs. */
	get isAsleep(): boolean {
		return this.#replicas.every(({ phase }) => phase === "stopped");
	}

	/** Why a request for it waits for more than its start; null otherwise. */
	get obstacle(): string | null {
		return this.#options.room?.obstacle(this.name)?.message ?? null;
	}

	get replicas(): readonly ServiceProcess[] {
		return this.#replicas;
	}

	get isReady(): boolean {
		return this.#replicas.some(({ phase }) => phase === "ready");
	}

	/** None will ever be ready without somebody's help. */
	get hasFailed(): boolean {
		// One that has none and starts on demand gets some.
		if (this.#replicas.length === 0) return !this.startsOnDemand;
		return this.#replicas.every(({ phase }) => phase === "failed");
	}

	loads(): ReplicaLoad[] {
		return this.#replicas.map(({ id, phase }) => ({
			id,
			isReady: phase === "ready",
			outstandingTokens: this.#outstanding.get(id) ?? 0,
		}));
	}

	/** A request of about so many tokens goes to a replica; call what is returned when it has ended. */
	begin(id: string, tokens: number): () => void {
		const add = (more: number) =>
			this.#outstanding.set(id, (this.#outstanding.get(id) ?? 0) + more);
		add(tokens);
		this.#requests++;
		this.#lastUsed = performance.now();
		let hasEnded = false;
		return () => {
			if (hasEnded) return;
			hasEnded = true;
			add(-tokens);
			this.#requests--;
			this.#lastUsed = performance.now();
		};
	}

	/** How many there are to be; while they are renewed there is one more. */
	get size(): number {
		return this.#replicas.length - (this.#spare === null ? 0 : 1);
	}

	/** Replicas are being replaced: nothing else should change how many there are. */
	get isRenewing(): boolean {
		return this.#spare !== null;
	}

	/** Somebody stopped it by name: no request starts it, and nothing scales it, until somebody starts it by name. */
	get isHeld(): boolean {
		return this.#isHeld;
	}

	async hold(): Promise<void> {
		this.#isHeld = true;
		await Promise.all(this.#replicas.map((replica) => replica.stop()));
	}

	/** Ends the hold; starts nothing. */
	unhold(): void {
		this.#isHeld = false;
	}

	/** Starts what doesn't run, whatever memory there is. */
	start(): void {
		if (this.#isHeld) return;
		if (this.startsOnDemand)
			while (this.#replicas.length < this.atRest) this.#add();
		for (const replica of this.#replicas)
			if (replica.phase === "stopped" || replica.phase === "failed")
				replica.start();
	}

	/** Starts the service if it has to, and waits until a replica is ready; false when that takes too long or can't be. */
	async whenReady(ms: number, signal: AbortSignal): Promise<boolean> {
		if (this.isReady) return true;
		this.#wake();
		try {
			return await this.#queue.wait(ms, signal);
		} finally {
			this.#lastUsed = performance.now();
			if (this.#queue.length === 0) this.#options.room?.giveUp(this.name);
		}
	}

	/** All of it ends, and starts again with the next request. */
	rest(): Promise<void> {
		const spare = this.#replicas.splice(this.atRest);
		return this.#leave([
			...this.#replicas
				.filter(({ phase }) => phase !== "stopped")
				.map((replica) => replica.stop()),
			...spare.map((replica) => this.#discard(replica)),
		]);
	}

	/** More replicas, or fewer: the youngest go, those that aren't ready first, and finish what they do in the background. */
	async scale(replicas: number): Promise<void> {
		while (this.#replicas.length < replicas) this.#add().start();
		const spare = this.#replicas.length - replicas;
		if (spare <= 0) return;
		const isReady = (replica: ServiceProcess) =>
			Number(replica.phase === "ready");
		const leaving = this.#replicas
			.toReversed()
			.sort((left, right) => isReady(left) - isReady(right))
			.slice(0, spare);
		for (const replica of leaving)
			this.#replicas.splice(this.#replicas.indexOf(replica), 1);
		void this.#leave(leaving.map((replica) => this.#discard(replica)));
	}

	/**
	 * Every replica makes room for a new one, which is ready before the old one goes: one more than usual at a time. Throws when
	 * a new one doesn't become ready; the old ones that are left then stay.
	 */
	async renew(limitMs: number): Promise<void> {
		for (const old of [...this.#replicas]) {
			// It went since, or the set has been released.
			if (!this.#replicas.includes(old)) continue;
			// A stopped one is replaced by a stopped one.
			const isRunning = old.phase !== "stopped";
			const fresh = this.#add();
			this.#spare = fresh;
			const isReady = !isRunning || (await this.#becomesReady(fresh, limitMs));
			this.#spare = null;
			// They are another set's now, which knows better what is to become of them.
			if (this.#isReleased) return;
			// Somebody stopped it meanwhile: that is no failure.
			if (this.#isHeld && isRunning) return this.#remove(fresh);
			if (!isReady) {
				const { phase, reason } = fresh;
				await this.#remove(fresh);
				throw new GalleyError(
					"engine_unavailable",
					`A new replica of ${this.name} did not become ready: it was ${phase}${reason === "" ? "" : ` (${reason})`}. The old ones stay.`,
				);
			}
			await this.#remove(old);
		}
	}

	/** Lets go of the replicas without ending them: another set has taken them over. Requests that wait here still get theirs. */
	release(): void {
		this.#isReleased = true;
		if (this.#idleTimer !== null) clearInterval(this.#idleTimer);
	}

	async #becomesReady(
		replica: ServiceProcess,
		limitMs: number,
	): Promise<boolean> {
		replica.start();
		const until = performance.now() + limitMs;
		while (replica.phase !== "ready") {
			const isHopeless =
				replica.phase === "failed" || replica.phase === "stopped";
			if (isHopeless || this.#isReleased || performance.now() > until)
				return false;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		return true;
	}

	async #remove(replica: ServiceProcess): Promise<void> {
		const place = this.#replicas.indexOf(replica);
		if (place !== -1) this.#replicas.splice(place, 1);
		await replica.close();
		this.#outstanding.delete(replica.id);
	}

	async close(): Promise<void> {
		if (this.#idleTimer !== null) clearInterval(this.#idleTimer);
		await Promise.all([
			...this.#replicas.map((replica) => replica.close()),
			...this.#ends,
		]);
	}

	/** A request wants it. */
	#wake(): void {
		const { room, startsOnDemand } = this.#options;
		if (this.#isHeld) return;
		// What runs already needs no room.
		if (room === undefined || !startsOnDemand || !this.#isOff) this.start();
		else room.claim(this.name);
	}

	get #isOff(): boolean {
		return this.#replicas.every(
			({ phase }) => phase === "stopped" || phase === "failed",
		);
	}

	get #isRefused(): boolean {
		return this.#options.room?.obstacle(this.name)?.isLasting === true;
	}

	async #leave(ends: readonly Promise<void>[]): Promise<void> {
		await Promise.all(
			ends.map(async (end) => {
				this.#leaving++;
				this.#ends.add(end);
				try {
					await end;
				} finally {
					this.#leaving--;
					this.#ends.delete(end);
				}
			}),
		);
	}

	async #discard(replica: ServiceProcess): Promise<void> {
		await replica.close();
		this.#outstanding.delete(replica.id);
	}

	#add(): ServiceProcess {
		const replica = this.#options.createReplica(++this.#numbers);
		this.#replicas.push(replica);
		return replica;
	}

	#stopIdle(): void {
		const idleMs = performance.now() - this.#lastUsed;
		if (!this.isIdle || idleMs < this.#options.idleMs || this.isAsleep) return;
		void this.rest();
	}
}
