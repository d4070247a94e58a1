import type { Logger } from "../../observability/logger.ts";
import { readLogLine } from "../replicas/log-line.ts";
import type { StartRoom } from "../replicas/memory-keeper.ts";
import { ReplicaSet } from "../replicas/replica-set.ts";
import type { RunDirectory } from "../replicas/run-directory.ts";
import { ServiceProcess } from "../replicas/service-process.ts";
import type { StartGate } from "../replicas/start-gate.ts";
import type { FleetService } from "./fleet-file.ts";
import { replicaId, replicaNumber } from "./replica-id.ts";
import { scaleBounds } from "./scale-bounds.ts";
import {
	type OwnProgram,
	type ServiceRecipe,
	serviceRecipe,
} from "./service-recipe.ts";

export interface FleetServicesParts {
	program: OwnProgram;
	environment: Readonly<Record<string, string | undefined>>;
	directory: RunDirectory;
	/** `maxNumSeqs` -> `max-num-seqs` */
	toOptionName(name: string): string;
	gate: StartGate;
	/** Whether services go on when the gateway is killed. */
	outlive: boolean;
	/** Asked before a request starts a service. */
	room?: StartRoom;
	logger: Pick<Logger, "info" | "warn" | "error">;
}

interface OpenService {
	service: FleetService;
	set: ReplicaSet;
	recipe: ServiceRecipe;
}

/** A model may have to be downloaded before its service is ready. */
const renewalMs = 3_600_000;

/** The services of a fleet that runs: opened, changed while they serve, and taken away. */
export class FleetServices {
	readonly #parts: FleetServicesParts;
	readonly #open = new Map<string, OpenService>();
	readonly #sets = new Map<string, ReplicaSet>();
	/** The highest number that a replica of a service ever had. */
	readonly #numbers = new Map<string, number>();
	/** What is done to a service is done one after the other. */
	readonly #queues = new Map<string, Promise<void>>();
	readonly #problems = new Map<string, string>();
	/** With how many things are done or wait to be done to it. */
	readonly #busy = new Map<string, number>();

	constructor(parts: FleetServicesParts) {
		this.#parts = parts;
	}

	/** By name; always those of this moment. */
	get sets(): ReadonlyMap<string, ReplicaSet> {
		return this.#sets;
	}

	/** What a service's replicas are started with; null where there is no such service. */
	startOf(name: string): { model: string; settings: string } | null {
		const open = this.#open.get(name);
		if (open === undefined) return null;
		const { service, recipe } = open;
		return { model: service.model ?? name, settings: recipe.settings };
	}

	/** Why the last change of a service did not work out; null when it did. */
	problemOf(name: string): string | null {
		return this.#problems.get(name) ?? null;
	}

	/**
	 * Opens a service: replicas that an earlier gateway left are taken over, those of other settings are renewed. One that is
	 * always there starts now, unless it is held.
	 */
	async add(service: FleetService, isHeld = false): Promise<void> {
		const { name } = service;
		const living = this.#livingNumbers(name);
		const recipe = await this.#prepare(service);
		// Whoever scaled it meant it for longer than the gateway's life.
		const { initial, max, isScaled } = scaleBounds(service);
		const wanted = Math.max(initial, living.length);
		const replicas = isScaled ? Math.min(wanted, max) : wanted;
		const set = this.#createSet({ ...service, replicas }, recipe, living);
		this.#open.set(name, { service, set, recipe });
		this.#sets.set(name, set);
		for (const replica of set.replicas) replica.adopt();
		if (isHeld) {
			await set.hold();
			return;
		}
		if (!set.startsOnDemand) set.start();
		if (set.replicas.some((replica) => isOutdated(replica, recipe)))
			this.#renewInBackground(name);
	}

	/** From now on it is as told. What its processes don't notice is so at once; otherwise they are renewed one by one. */
	async change(service: FleetService): Promise<void> {
		const { name } = service;
		const before = this.#open.get(name);
		if (before === undefined) return this.add(service);
		const recipe = await this.#prepare(service);
		// How many there are is what somebody or something decided since, unless the file now says otherwise.
		const isRescaled = before.service.replicas !== service.replicas;
		const { isHeld } = before.set;
		const replicas = isRescaled
			? scaleBounds(service).initial
			: before.set.size;
		before.set.release();
		const isRunning = ({ phase }: ServiceProcess) =>
			phase !== "stopped" && phase !== "failed";
		const handed = before.set.replicas.filter(isRunning);
		for (const replica of before.set.replicas)
			if (!isRunning(replica)) void replica.close();
		const set = this.#createSet({ ...service, replicas }, recipe, [], handed);
		this.#open.set(name, { service, set, recipe });
		this.#sets.set(name, set);
		// There are to be fewer.
		for (const spare of handed) void spare.close();
		if (isHeld) return set.hold();
		if (!set.startsOnDemand) set.start();
		if (set.replicas.some((replica) => isOutdated(replica, recipe)))
			this.#renewInBackground(name);
	}

	/** Requests that it has are finished. */
	async remove(name: string): Promise<void> {
		const open = this.#open.get(name);
		if (open === undefined) return;
		this.#open.delete(name);
		this.#sets.delete(name);
		this.#problems.delete(name);
		await open.set.close();
		await this.#parts.directory.removeOldLogs(name, []);
	}

	/** A new replica is ready before each old one goes; resolves when that is through, and logs when it fails. */
	restart(name: string): Promise<void> {
		return this.#enqueue(name, async (set) => {
			// Nothing runs that could serve meanwhile.
			if (!set.replicas.some(({ phase }) => phase === "ready")) {
				await Promise.all(set.replicas.map((replica) => replica.stop()));
				set.start();
				return;
			}
			await set.renew(renewalMs);
		});
	}

	scale(name: string, replicas: number): Promise<void> {
		return this.#enqueue(name, (set) => set.scale(replicas));
	}

	/** Until it is started again, also by a later gateway. At once, whatever is being done to it. */
	async stop(name: string): Promise<void> {
		await this.#sets.get(name)?.hold();
	}

	start(name: string): Promise<void> {
		return this.#enqueue(name, async (set) => {
			// Its settings may have changed while it was stopped.
			const recipe = this.#open.get(name)?.recipe;
			const isOld = (replica: ServiceProcess) =>
				recipe !== undefined && isOutdated(replica, recipe);
			if (set.replicas.some(isOld)) await set.renew(renewalMs);
			set.unhold();
			set.start();
		});
	}

	/** Something is being done to its replicas. */
	isBusy(name: string): boolean {
		return (this.#busy.get(name) ?? 0) > 0;
	}

	async close(): Promise<void> {
		for (const { set } of this.#open.values()) set.release();
		await Promise.all([...this.#open.values()].map(({ set }) => set.close()));
	}

	async #prepare(service: FleetService): Promise<ServiceRecipe> {
		const { program, environment, toOptionName, directory } = this.#parts;
		const recipe = serviceRecipe(service, program, environment, toOptionName);
		await directory.writeSettings(service.name, recipe.settings);
		return recipe;
	}

	#createSet(
		service: FleetService,
		recipe: ServiceRecipe,
		living: number[],
		handed: ServiceProcess[] = [],
	): ReplicaSet {
		const { name, replicas, idleSeconds } = service;
		const { startsOnDemand, floor, isScaled } = scaleBounds(service);
		const { room } = this.#parts;
		return new ReplicaSet({
			name,
			replicas,
			startsOnDemand,
			idleMs: idleSeconds * 1000,
			...(isScaled ? { atRest: floor } : {}),
			...(room === undefined ? {} : { room }),
			createReplica: () =>
				handed.shift() ??
				this.#createReplica(
					name,
					living.shift() ?? this.#nextNumber(name),
					recipe,
				),
		});
	}

	#createReplica(
		name: string,
		number: number,
		recipe: ServiceRecipe,
	): ServiceProcess {
		const { directory, program, gate, logger } = this.#parts;
		const id = replicaId(name, number);
		const socketPath = directory.socketPath(name, number);
		return new ServiceProcess({
			id,
			command: {
				executable: program.executable,
				words: [
					...recipe.words,
					`--config=${directory.settingsPath(name)}`,
					`--socket=${socketPath}`,
				],
				environment: recipe.environment,
			},
			digest: recipe.digest,
			listens: { socketPath },
			logPath: directory.logPath(name, number),
			recordPath: directory.recordPath(name, number),
			gate,
			outlives: this.#parts.outlive,
			// All of it is in the service's own log; here stands what somebody should look at.
			onLine: (line) => {
				const { level, text } = readLogLine(line);
				if (level === "error" || level === "fatal")
					logger.error({}, `${id}: ${text}`);
				else if (level === "warn") logger.warn({}, `${id}: ${text}`);
			},
			onPhase: (phase, reason) => {
				const message = `${id} is ${phase}${reason === "" ? "" : ` (${reason})`}.`;
				if (phase === "restarting" || phase === "failed")
					logger.warn({ phase }, message);
				else logger.info({ phase }, message);
			},
		});
	}

	#nextNumber(name: string): number {
		const number = (this.#numbers.get(name) ?? 0) + 1;
		this.#numbers.set(name, number);
		return number;
	}

	#livingNumbers(name: string): number[] {
		const numbers = this.#parts.directory
			.living()
			.map(({ id }) => replicaNumber(id, name))
			.filter((number) => number !== null)
			.sort((left, right) => left - right);
		this.#numbers.set(name, Math.max(this.#numbers.get(name) ?? 0, ...numbers));
		return numbers;
	}

	#renewInBackground(name: string): void {
		void this.#enqueue(name, (set) => set.renew(renewalMs));
	}

	/** Runs after what is being done to the service already. A failure is kept for whoever looks, and thrown to nobody. */
	#enqueue(
		name: string,
		work: (set: ReplicaSet) => Promise<void>,
	): Promise<void> {
		const before = this.#queues.get(name) ?? Promise.resolve();
		this.#busy.set(name, (this.#busy.get(name) ?? 0) + 1);
		const done = before
			.then(async () => {
				const set = this.#sets.get(name);
				if (set === undefined) return;
				try {
					await work(set);
					this.#problems.delete(name);
					const numbers = set.replicas.map(
						({ id }) => replicaNumber(id, name) ?? 0,
					);
					await this.#parts.directory.removeOldLogs(name, numbers);
				} catch (error) {
					const message =
						error instanceof Error ? error.message : String(error);
					this.#problems.set(name, message);
					this.#parts.logger.error({ error }, message);
				}
			})
			.finally(() => {
				this.#busy.set(name, (this.#busy.get(name) ?? 1) - 1);
			});
		this.#queues.set(name, done);
		return done;
	}
}

function isOutdated(
	{ digest }: ServiceProcess,
	recipe: ServiceRecipe,
): boolean {
	return digest !== recipe.digest;
}
