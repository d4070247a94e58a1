import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../observability/logger.ts";
import { EnvironmentKeys } from "../access/environment-keys.ts";
import { Applications } from "../applications/applications.ts";
import { internalKey, WithInternalKey } from "../applications/internal-key.ts";
import { Gateway } from "../gateway.ts";
import { GatewayServer } from "../gateway-server.ts";
import { blueprintRoutes } from "../http/blueprint-routes.ts";
import { type CatalogSource, catalogRoutes } from "../http/catalog-routes.ts";
import { type ConsoleFiles, consoleRoutes } from "../http/console-files.ts";
import {
	documentRoutes,
	type GatewayDocuments,
} from "../http/document-routes.ts";
import { fleetRoutes } from "../http/fleet-routes.ts";
import { jobRoutes } from "../http/job-routes.ts";
import { logRoutes } from "../http/log-routes.ts";
import { managementRoutes } from "../http/management-routes.ts";
import { modelRoutes } from "../http/model-routes.ts";
import type { OwnRoute } from "../http/own-route.ts";
import { sessionRoutes } from "../http/session-routes.ts";
import { jobCommands } from "../jobs/job-commands.ts";
import { JobList } from "../jobs/job-list.ts";
import type { LateDatabase } from "../late-database.ts";
import { openObservation, tracingEnvironment } from "../observation.ts";
import { openAccess } from "../open-access.ts";
import { isAlive, sendSignal } from "../replicas/process-identity.ts";
import { removeRecord } from "../replicas/process-record.ts";
import { RunDirectory } from "../replicas/run-directory.ts";
import { StartGate } from "../replicas/start-gate.ts";
import { resolveModel, servesModel } from "../routing/resolve-model.ts";
import { ServedModels } from "../served-models.ts";
import { FleetControl } from "./fleet-control.ts";
import type { Fleet, FleetCheck, FleetReading } from "./fleet-file.ts";
import { FleetOverlay } from "./fleet-overlay.ts";
import { FleetScaling } from "./fleet-scaling.ts";
import { FleetServices } from "./fleet-services.ts";
import { type FleetStatus, serviceStatus } from "./fleet-status.ts";
import type { ApplicationProgram, OwnProgram } from "./service-recipe.ts";

export interface FleetParts {
	fleet: Fleet;
	/** How this program is started, without the words of a command. */
	command: { executable: string; words: readonly string[] };
	environment: Readonly<Record<string, string | undefined>>;
	/** For sockets, records, logs and the services' settings: only this user's. */
	runDirectory: string;
	/** Where captured payloads go unless the file says otherwise. */
	captureDirectory?: string;
	/** Of the fleet file: what it names is relative to it. The working directory where left out. */
	fleetDirectory?: string;
	/** Only this fleet's own name of an option: `maxNumSeqs` -> `max-num-seqs`. */
	toOptionName(name: string): string;
	keyHashes: readonly string[];
	/** Services go on when this process is killed, and the next gateway takes them over; left out, they end with it. */
	servicesOutlive?: boolean;
	/** For keys and usage; without one there are the environment's keys only, and nothing is counted or limited. */
	database?: LateDatabase;
	/** Usage waits here on its way into the database; in the run directory where left out. */
	usageDirectory?: string;
	logger: Pick<Logger, "info" | "warn" | "error">;
	version?: string;
	/** Where deployed services are kept; without one they are forgotten with the gateway. */
	overlayPath?: string;
	/** Reads the fleet file again. */
	readFleet?: () => Promise<FleetReading>;
	/** What is wrong with a fleet on this machine. */
	checkFleet?: FleetCheck;
	/** Applications keep their data in folders of it. */
	applicationData?: string;
	/** How an application is started; null where this installation doesn't have it. */
	applicationProgram?(name: string): ApplicationProgram | null;
	/** Null where the console was not built. */
	consoleFiles?: ConsoleFiles | null;
	documents?: GatewayDocuments;
	/** What a replica of a model will take, before one has run; null where nobody knows. */
	estimateMemory?(model: string): number | null;
	/** What a model is for, where the catalog knows: `chat`. */
	taskOf?(model: string): string | null;
	catalog?: CatalogSource;
	/** Where benchmarks, evaluations and optimizations are kept; in the run directory where left out. */
	jobDirectory?: string;
}

/** Services and the gateway in front of them, until `close`. */
export class RunningFleet {
	readonly address: string;
	readonly #control: FleetControl;
	readonly #status: () => FleetStatus;
	readonly #close: () => Promise<void>;

	private constructor(
		address: string,
		control: FleetControl,
		status: () => FleetStatus,
		close: () => Promise<void>,
	) {
		this.address = address;
		this.#control = control;
		this.#status = status;
		this.#close = close;
	}

	/** Resolves when the door is open; the services are on their way then. */
	static async open(parts: FleetParts): Promise<RunningFleet> {
		const { keyHashes, logger, version = "0" } = parts;
		const environment = {
			...parts.environment,
			...tracingEnvironment(parts.fleet.gateway),
		};
		const directory = await RunDirectory.open(parts.runDirectory);
		const overlay = new FleetOverlay(parts.overlayPath ?? null);
		const { fleet, leftOut } = overlay.over(parts.fleet);
		for (const name of leftOut)
			logger.warn(
				{},
				`The deployed service ${name} is left out: the fleet file has its name for something else.`,
			);
		// Loading models is work for all cores: more side by side would only take each of them longer.
		const gate = new StartGate(Math.max(2, availableParallelism() - 1));
		const program: OwnProgram = { ...parts.command, version };
		const services = new FleetServices({
			program,
			environment,
			directory,
			toOptionName: parts.toOptionName,
			gate,
			outlive: parts.servicesOutlive ?? false,
			// The two know each other: services ask for room, and room is made of services.
			room: {
				claim: (name) => scaling.room.claim(name),
				giveUp: (name) => scaling.room.giveUp(name),
				obstacle: (name) => scaling.room.obstacle(name),
			},
			logger,
		});
		// One object for all that look at the fleet: its fields are replaced when it changes, so they are read when they are needed.
		const live: Fleet = { ...fleet };
		const scaling = new FleetScaling({
			fleet: live,
			sets: services.sets,
			services,
			directory: directory.path,
			estimateMemory: parts.estimateMemory ?? (() => null),
			logger,
		});
		const served = new ServedModels(live, services.sets);
		const observation = await openObservation({
			settings: fleet.gateway,
			directory: parts.fleetDirectory ?? process.cwd(),
			captureDirectory:
				parts.captureDirectory ?? join(directory.path, "captured"),
			environment,
			version,
			services: services.sets,
			isKnownModel: (model) => servesModel(live, served.adapters(), model),
			status: () => status(),
			logger,
		});
		const access =
			parts.database === undefined
				? null
				: await openAccess({
						keys: fleet.gateway.keys,
						settings: live,
						modelsBehind: (name) =>
							Object.hasOwn(live.aliases, name)
								? resolveModel(name, live, served.adapters(), 0).map(
										({ model }) => model,
									)
								: [name],
						database: parts.database,
						keyHashes,
						directory: parts.usageDirectory ?? join(directory.path, "usage"),
						logger,
					});
		const gateway = new Gateway({
			fleet: live,
			services: services.sets,
			served,
			environment,
			policies: [
				...observation.first,
				...(access?.policies ?? []),
				...observation.last,
			],
			...(access === null ? {} : { countUsage: access.countUsage }),
		});
		const keys = access?.authenticator ?? new EnvironmentKeys(keyHashes);
		const ownKey = internalKey(join(directory.path, "internal-key"));
		const authenticator = new WithInternalKey(
			observation.withHooks(keys),
			ownKey,
		);
		const door = { address: "", isDraining: false };
		const isDraining = () => door.isDraining;
		const applications = new Applications({
			program: (name) => parts.applicationProgram?.(name) ?? null,
			environment,
			directory,
			dataDirectory:
				parts.applicationData ?? join(directory.path, "applications"),
			gateway: () => reachable(door.address),
			// Also where no key is asked for yet: the first one may be made while the application runs.
			apiKey: ownKey,
			gate,
			logger,
		});
		const jobDirectory = parts.jobDirectory ?? join(directory.path, "jobs");
		const jobs = await JobList.open(jobDirectory);
		const control = new FleetControl({
			fleet,
			onFleet: (changed) => Object.assign(live, changed),
			services,
			applications,
			overlay,
			readFleet: parts.readFleet ?? null,
			check: parts.checkFleet ?? (() => []),
			logger,
		});
		const status = (): FleetStatus => ({
			services: control.fleet.services.flatMap((service) => {
				const { name, model = name } = service;
				const set = services.sets.get(name);
				if (set === undefined) return [];
				return serviceStatus(service, set, {
					isDeployed: overlay.has(name),
					task: parts.taskOf?.(model) ?? null,
					problem: services.problemOf(name),
					memoryBytes: (replica) => scaling.metrics.memoryBytes(replica),
					answersOf: (replica) => gateway.replicaState(replica),
					desiredReplicas: scaling.desiredReplicas(name),
				});
			}),
			upstreams: control.fleet.upstreams.map(({ name, url, models }) => ({
				name,
				url,
				models,
				...gateway.upstreamState(name),
			})),
			aliases: Object.keys(control.fleet.aliases),
			applications: applications.status(),
			memory: scaling.memory(),
		});
		const routes: OwnRoute[] = [
			...fleetRoutes({ served, isDraining, status, control }),
			...logRoutes({ directory, status }),
			...blueprintRoutes(applications),
			...sessionRoutes({
				authenticator,
				version,
				features: () => featuresOf(routes),
			}),
			...modelRoutes(served, gateway.stored),
			...managementRoutes({ served, version, documents: parts.documents }),
			...(parts.catalog === undefined
				? []
				: catalogRoutes({
						catalog: parts.catalog,
						modelOf: (name) => {
							const service = control.fleet.services.find(
								(candidate) => candidate.name === name,
							);
							return service === undefined ? null : (service.model ?? name);
						},
					})),
			...jobRoutes({
				jobs,
				directory: jobDirectory,
				priceOf: (model) => access?.priceOf(model) ?? null,
				serviceOf: (name) => services.startOf(name),
				commands: jobCommands({
					program: parts.command,
					environment,
					address: () => reachable(door.address),
					apiKey: authenticator.asksForKeys ? ownKey : undefined,
				}),
			}),
			...documentRoutes({
				services: services.sets,
				version,
				documents: parts.documents,
				routes: () => routes,
			}),
			...observation.routes,
			...scaling.routes,
			...(access?.routes ?? []),
			...consoleRoutes({
				files: parts.consoleFiles ?? null,
				isOn: () => control.fleet.console,
			}),
		];
		const server = new GatewayServer({
			gateway,
			authenticator,
			logger,
			isDraining,
			routes,
			onRefusal: observation.refused,
		});
		// The door first: who comes while the models load is told so, and health probes see how far they are.
		const { host, port } = fleet.gateway;
		door.address = await server.listen(host, port);
		directory.claim(door.address);
		const close = async () => {
			door.isDraining = true;
			scaling.close();
			await jobs.close();
			await server.close(30_000);
			await applications.close();
			await services.close();
			await gateway.close();
			await access?.close();
			await parts.database?.close();
			await observation.close();
			await directory.leave();
		};
		const running = new RunningFleet(door.address, control, status, close);
		await control.open();
		scaling.start();
		const wanted = new Set([
			...applications.ids,
			...[...services.sets.values()].flatMap((set) =>
				set.replicas.map(({ id }) => id),
			),
		]);
		void stopLeftovers(directory, wanted, logger);
		return running;
	}

	get status(): FleetStatus {
		return this.#status();
	}

	get control(): FleetControl {
		return this.#control;
	}

	/** New requests are refused, what runs finishes, then the services stop. */
	close(): Promise<void> {
		return this.#close();
	}
}

/** What the console shows only where it is there. */
const features: Readonly<Record<string, string>> = {
	"/v1/fleet/live": "live",
	"/v1/fleet/autoscale": "autoscale",
	"/v1/fleet/services/:name/logs": "logs",
	"/v1/keys": "keys",
	"/v1/usage": "usage",
	"/v1/catalog": "catalog",
	"/v1/benchmarks": "benchmarks",
	"/v1/evaluations": "evaluations",
	"/v1/optimizations": "optimizations",
	"/v1/blueprints": "blueprints",
	"/metrics": "metrics",
	"/docs": "docs",
};

function featuresOf(routes: readonly OwnRoute[]): string[] {
	const paths = new Set(routes.map(({ path }) => path));
	return Object.entries(features)
		.filter(([path]) => paths.has(path))
		.map(([, name]) => name);
}

const leftoverMs = 40_000;

/** Processes of an earlier gateway that nobody wants any more. */
async function stopLeftovers(
	directory: RunDirectory,
	wanted: ReadonlySet<string>,
	logger: FleetParts["logger"],
): Promise<void> {
	const leftovers = directory.living().filter(({ id }) => !wanted.has(id));
	for (const leftover of leftovers) {
		logger.info(
			{ pid: leftover.pid },
			`${leftover.id} is not wanted any more.`,
		);
		sendSignal(leftover, "SIGTERM");
	}
	const until = performance.now() + leftoverMs;
	for (const leftover of leftovers) {
		while (isAlive(leftover) && performance.now() < until)
			await delay(100, undefined, { ref: false });
		sendSignal(leftover, "SIGKILL", "group");
		removeRecord(leftover.path);
	}
}

/** An address that says "every one of this machine" is reached at its own. */
function reachable(address: string): string {
	return address
		.replace("//0.0.0.0:", "//127.0.0.1:")
		.replace("//[::]:", "//[::1]:");
}
