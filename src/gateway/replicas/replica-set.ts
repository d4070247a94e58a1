import type { ReplicaLoad } from "../routing/choose-replica.ts";
import type { ServiceProcess } from "./service-process.ts";

export interface ReplicaSetOptions {
	name: string;
	replicas: number;
	createReplica(number: number): ServiceProcess;
	startsOnDemand: boolean;
	/** Without a request for so long, an on-demand service stops; 0 is never. */
	idleMs: number;
}

/** The replicas of one service, and what the gateway has sent to each. */
export class ReplicaSet {
	readonly name: string;
	readonly #options: ReplicaSetOptions;
	readonly #replicas: ServiceProcess[] = [];
	readonly #outstanding = new Map<string, number>();
	#numbers = 0;
	#lastUsed = performance.now();
	#waiting = 0;
	#idleTimer: NodeJS.Timeout | null = null;

	constructor(options: ReplicaSetOptions) {
		this.name = options.name;
		this.#options = options;
		for (let count = 0; count < options.replicas; count++) this.#add();
		if (options.startsOnDemand && options.idleMs > 0) {
			this.#idleTimer = setInterval(
				() => void this.#stopIdle(),
				Math.min(options.idleMs, 5000),
			);
			this.#idleTimer.unref();
		}
	}

	get startsOnDemand(): boolean {
		return this.#options.startsOnDemand;
	}

	get replicas(): readonly ServiceProcess[] {
		return this.#replicas;
	}

	get isReady(): boolean {
		return this.#replicas.some(({ phase }) => phase === "ready");
	}

	/** None will ever be ready without somebody's help. */
	get hasFailed(): boolean {
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
		this.#lastUsed = performance.now();
		let hasEnded = false;
		return () => {
			if (hasEnded) return;
			hasEnded = true;
			add(-tokens);
			this.#lastUsed = performance.now();
		};
	}

	/** Starts what doesn't run. */
	start(): void {
		for (const replica of this.#replicas)
			if (replica.phase === "stopped") replica.start();
	}

	/** Starts the service if it has to, and waits until a replica is ready; false when that takes too long or can't be. */
	async whenReady(ms: number, signal: AbortSignal): Promise<boolean> {
		this.start();
		this.#waiting++;
		try {
			const until = performance.now() + ms;
			while (!this.isReady) {
				if (signal.aborted || this.hasFailed || performance.now() > until)
					return false;
				await new Promise((resolve) => setTimeout(resolve, 25));
			}
			return true;
		} finally {
			this.#waiting--;
			this.#lastUsed = performance.now();
		}
	}

	/** More replicas, or fewer: the youngest go, and finish what they do first. */
	async scale(replicas: number): Promise<void> {
		while (this.#replicas.length < replicas) this.#add().start();
		const leaving = this.#replicas.splice(replicas);
		await Promise.all(leaving.map((replica) => replica.close()));
		for (const { id } of leaving) this.#outstanding.delete(id);
	}

	async close(): Promise<void> {
		if (this.#idleTimer !== null) clearInterval(this.#idleTimer);
		await Promise.all(this.#replicas.map((replica) => replica.close()));
	}

	#add(): ServiceProcess {
		const replica = this.#options.createReplica(++this.#numbers);
		this.#replicas.push(replica);
		return replica;
	}

	async #stopIdle(): Promise<void> {
		const isBusy = [...this.#outstanding.values()].some((tokens) => tokens > 0);
		const idleMs = performance.now() - this.#lastUsed;
		if (isBusy || this.#waiting > 0 || idleMs < this.#options.idleMs) return;
		await Promise.all(this.#replicas.map((replica) => replica.stop()));
	}
}
