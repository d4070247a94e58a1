import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { EnvironmentKeys } from "../access/environment-keys.ts";
import { Gateway } from "../gateway.ts";
import { GatewayServer } from "../gateway-server.ts";
import { fleetRoutes } from "../http/fleet-routes.ts";
import { ReplicaSet } from "../replicas/replica-set.ts";
import {
	type ServiceCommand,
	ServiceProcess,
} from "../replicas/service-process.ts";
import { ServedModels } from "../served-models.ts";
import type { Fleet, FleetService } from "./fleet-file.ts";
import type { FleetStatus } from "./fleet-status.ts";

export interface FleetParts {
	fleet: Fleet;
	/** How this program is started, without the words of a command. */
	command: { executable: string; words: readonly string[] };
	environment: Readonly<Record<string, string | undefined>>;
	/** For sockets and the services' settings: only this user's. */
	runDirectory: string;
	/** Only this fleet's own name of an option: `maxNumSeqs` -> `max-num-seqs`. */
	toOptionName(name: string): string;
	keyHashes: readonly string[];
	logger: {
		info(fields: object, message: string): void;
		warn(fields: object, message: string): void;
		error(fields: object, message: string): void;
	};
}

/** Services and the gateway in front of them, until `close`. */
export class RunningFleet {
	readonly address: string;
	readonly #server: GatewayServer;
	readonly #gateway: Gateway;
	readonly #services: ReadonlyMap<string, ReplicaSet>;
	readonly #parts: FleetParts;
	readonly #drain: () => void;

	private constructor(
		address: string,
		server: GatewayServer,
		gateway: Gateway,
		services: ReadonlyMap<string, ReplicaSet>,
		parts: FleetParts,
		drain: () => void,
	) {
		this.#drain = drain;
		this.address = address;
		this.#server = server;
		this.#gateway = gateway;
		this.#services = services;
		this.#parts = parts;
	}

	static async open(parts: FleetParts): Promise<RunningFleet> {
		const { fleet, environment, keyHashes, logger } = parts;
		await mkdir(parts.runDirectory, { recursive: true, mode: 0o700 });
		const services = new Map<string, ReplicaSet>();
		for (const service of fleet.services)
			services.set(service.name, await openService(service, parts));
		const served = new ServedModels(fleet, services);
		const gateway = new Gateway({
			fleet,
			services,
			served,
			environment,
			policies: [],
		});
		const draining = { isDraining: false };
		const isDraining = () => draining.isDraining;
		const server = new GatewayServer({
			gateway,
			authenticator: new EnvironmentKeys(keyHashes),
			logger,
			isDraining,
			routes: fleetRoutes({
				served,
				isDraining,
				status: () => statusOf(fleet, services),
				scale: (name, replicas) =>
					(services.get(name) as ReplicaSet).scale(replicas),
				restart: (name) => restartOneByOne(services.get(name) as ReplicaSet),
			}),
		});
		try {
			const { host, port } = fleet.gateway;
			const address = await server.listen(host, port);
			for (const set of services.values()) if (!set.startsOnDemand) set.start();
			return new RunningFleet(address, server, gateway, services, parts, () => {
				draining.isDraining = true;
			});
		} catch (error) {
			await Promise.all([...services.values()].map((set) => set.close()));
			throw error;
		}
	}

	get status(): FleetStatus {
		return statusOf(this.#parts.fleet, this.#services);
	}

	/** New requests are refused, what runs finishes, then the services stop. */
	async close(): Promise<void> {
		this.#drain();
		await this.#server.close(30_000);
		await Promise.all([...this.#services.values()].map((set) => set.close()));
		await this.#gateway.close();
		await rm(this.#parts.runDirectory, { recursive: true, force: true });
	}
}

async function openService(
	service: FleetService,
	parts: FleetParts,
): Promise<ReplicaSet> {
	const { name, model = name, options } = service;
	const { command, environment, runDirectory, logger } = parts;
	const fileName = name.replaceAll(/[^\w.-]/g, "_");
	const config = join(runDirectory, `${fileName}.yaml`);
	const named = Object.fromEntries(
		Object.entries(options).map(([option, value]) => [
			parts.toOptionName(option),
			value,
		]),
	);
	// Options may hold keys: in a file of this user's, not in a command line that everybody can list.
	await writeFile(config, stringify(named), { mode: 0o600 });
	return new ReplicaSet({
		name,
		replicas: service.replicas,
		startsOnDemand: service.start === "on-demand",
		idleMs: service.idleSeconds * 1000,
		createReplica: (number) => {
			const id = `${name}/${number}`;
			const socketPath = join(runDirectory, `${fileName}-${number}.sock`);
			const words: ServiceCommand["words"] = [
				...command.words,
				"run",
				model,
				`--config=${config}`,
				`--socket=${socketPath}`,
				`--served-model-name=${name}`,
				"--log-level=info",
			];
			return new ServiceProcess({
				id,
				command: { executable: command.executable, words, environment },
				socketPath,
				onLine: (line) => logger.info({ service: id }, line),
				onPhase: (phase, reason) => {
					const message = `${id} is ${phase}${reason === "" ? "" : ` (${reason})`}.`;
					if (phase === "restarting" || phase === "failed")
						logger.warn({ service: id }, message);
					else logger.info({ service: id }, message);
				},
			});
		},
	});
}

/** A replica goes when the one before is back: with more than one, somebody answers all the time. */
async function restartOneByOne(set: ReplicaSet): Promise<void> {
	for (const replica of [...set.replicas]) {
		await replica.stop();
		replica.start();
		while (replica.phase === "starting" || replica.phase === "restarting")
			await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

function statusOf(
	fleet: Fleet,
	services: ReadonlyMap<string, ReplicaSet>,
): FleetStatus {
	return {
		services: fleet.services.map(({ name, model = name, start }) => {
			const set = services.get(name) as ReplicaSet;
			const loads = new Map(
				set.loads().map(({ id, outstandingTokens }) => [id, outstandingTokens]),
			);
			return {
				name,
				model,
				start,
				replicas: set.replicas.map(
					({ id, phase, processId, ageMs, deaths }) => ({
						id,
						phase,
						pid: processId,
						ageSeconds: Math.round(ageMs / 1000),
						deaths,
						outstandingTokens: Math.round(loads.get(id) ?? 0),
					}),
				),
			};
		}),
		upstreams: fleet.upstreams.map(({ name, url, models }) => ({
			name,
			url,
			models,
		})),
		aliases: Object.keys(fleet.aliases),
	};
}
