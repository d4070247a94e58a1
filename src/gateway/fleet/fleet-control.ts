import { GalleyError } from "../../core/errors.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Applications } from "../applications/applications.ts";
import { describeDiff, diffFleets } from "./fleet-diff.ts";
import {
	type Fleet,
	type FleetCheck,
	type FleetReading,
	type FleetService,
	fleetServiceSchema,
} from "./fleet-file.ts";
import type { FleetOverlay } from "./fleet-overlay.ts";
import { type FleetProblem, fleetProblems } from "./fleet-problems.ts";
import type { FleetServices } from "./fleet-services.ts";

export interface FleetControlParts {
	/** What it begins with. */
	fleet: Fleet;
	/** From now on this is the fleet: called after its new services are there, and before those that go have ended. */
	onFleet(fleet: Fleet): void;
	services: FleetServices;
	applications: Applications;
	overlay: FleetOverlay;
	/** Reads the fleet file again; null where there is none. */
	readFleet: (() => Promise<FleetReading>) | null;
	/** What is wrong with a fleet on this machine, beyond its form. */
	check: FleetCheck;
	logger: Pick<Logger, "info" | "warn" | "error">;
}

export interface ReloadReport {
	/** One line for each thing that is not as before. */
	changed: readonly string[];
	/** With any, nothing was changed. */
	problems: readonly FleetProblem[];
}

/** What the fleet is told to do while it runs; one thing after the other. */
export class FleetControl {
	readonly #parts: FleetControlParts;
	#fleet: Fleet;
	#turn: Promise<unknown> = Promise.resolve();

	constructor(parts: FleetControlParts) {
		this.#parts = parts;
		this.#fleet = parts.fleet;
	}

	/** As it is now. */
	get fleet(): Fleet {
		return this.#fleet;
	}

	/** Everything that the fleet has is opened; what it already has runs on. */
	open(): Promise<void> {
		return this.#inTurn(async () => {
			const { services, applications, overlay } = this.#parts;
			for (const service of this.#fleet.services)
				await services.add(service, overlay.isHeld(service.name));
			for (const application of this.#fleet.applications)
				await applications.add(application);
		});
	}

	/** A file with a mistake changes nothing. */
	reload(): Promise<ReloadReport> {
		return this.#inTurn(async () => {
			const { readFleet } = this.#parts;
			if (readFleet === null)
				throw new GalleyError(
					"conflict",
					"This fleet has no file to read again: it runs the starter models.",
				);
			const { fleet, problems } = await readFleet();
			if (fleet === null) return { changed: [], problems };
			return { changed: await this.#become(fleet), problems: [] };
		});
	}

	/** Adds a service that the fleet file doesn't have. Throws `invalid_request` with all that is wrong, or `conflict`. */
	deploy(body: unknown): Promise<string> {
		return this.#inTurn(async () => {
			const { services, overlay, logger } = this.#parts;
			const service = parseService(body);
			const fleet = this.#fleet;
			if (fleet.services.some(({ name }) => name === service.name))
				throw new GalleyError(
					"conflict",
					`There is a service '${service.name}' already.`,
					{ param: "name" },
				);
			this.#refuseProblems(service);
			await overlay.add(service);
			await services.add(service);
			this.#use({ ...fleet, services: [...fleet.services, service] });
			logger.info({}, `service ${service.name} deployed`);
			return service.name;
		});
	}

	/** Takes a deployed service away; requests that it has are finished in the background. */
	undeploy(name: string): Promise<void> {
		return this.#inTurn(async () => {
			const { services, overlay, logger } = this.#parts;
			if (!overlay.has(name))
				throw new GalleyError(
					"conflict",
					`'${name}' is in the fleet file: take it out there, or stop it with POST /v1/fleet/services/${encodeURIComponent(name)}/stop.`,
				);
			await overlay.remove(name);
			this.#use({
				...this.#fleet,
				services: this.#fleet.services.filter(
					(service) => service.name !== name,
				),
			});
			void services.remove(name);
			logger.info({}, `service ${name} taken away`);
		});
	}

	async stop(name: string): Promise<void> {
		await this.#parts.overlay.setHeld(name, true);
		void this.#parts.services.stop(name);
	}

	async start(name: string): Promise<void> {
		await this.#parts.overlay.setHeld(name, false);
		await this.#parts.services.start(name);
	}

	restart(name: string): void {
		void this.#parts.services.restart(name);
	}

	scale(name: string, replicas: number): Promise<void> {
		return this.#parts.services.scale(name, replicas);
	}

	async #become(file: Fleet): Promise<string[]> {
		const { services, applications, overlay, logger } = this.#parts;
		const { fleet, leftOut } = overlay.over(file);
		for (const name of leftOut)
			logger.warn(
				{},
				`The deployed service ${name} is left out: the fleet file has its name for something else.`,
			);
		const diff = diffFleets(this.#fleet, fleet);
		const lines = describeDiff(diff);
		// New ones are known before requests are sent to them, and gone ones unknown before they end.
		for (const service of diff.services.added)
			await services.add(service, overlay.isHeld(service.name));
		for (const service of diff.services.changed) await services.change(service);
		this.#use(fleet);
		for (const name of diff.services.removed) void services.remove(name);
		for (const application of diff.applications.added)
			await applications.add(application);
		for (const application of diff.applications.changed)
			await applications.change(application);
		for (const name of diff.applications.removed)
			await applications.remove(name);
		for (const line of lines) logger.info({}, `Fleet file: ${line}.`);
		return lines;
	}

	/** Where the door is doesn't change while it is open. */
	#use(fleet: Fleet): void {
		const { host, port } = this.#fleet.gateway;
		this.#fleet = { ...fleet, gateway: { ...fleet.gateway, host, port } };
		this.#parts.onFleet(this.#fleet);
	}

	#refuseProblems(service: FleetService): void {
		const { check } = this.#parts;
		const { services } = this.#fleet;
		const fleet = { ...this.#fleet, services: [...services, service] };
		const place = services.length;
		const problems = [...fleetProblems(fleet), ...check(fleet)].filter(
			({ path }) => path[0] === "services" && path[1] === place,
		);
		const [first] = problems;
		if (first !== undefined)
			throw new GalleyError(
				"invalid_request",
				problems.map(({ message }) => message).join(" "),
				{ param: first.path.slice(2).map(String).join(".") },
			);
	}

	/** After what is being done already. */
	#inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
		const done = this.#turn.then(work, work);
		this.#turn = done.catch(() => undefined);
		return done;
	}
}

function parseService(body: unknown): FleetService {
	const result = fleetServiceSchema.safeParse(body);
	if (result.success) return result.data;
	const problems = result.error.issues.map((issue) =>
		issue.code === "unrecognized_keys"
			? {
					param: issue.keys[0] ?? "",
					text: `'${issue.keys.join("', '")}' is not known here; known are ${Object.keys(fleetServiceSchema.shape).join(", ")}.`,
				}
			: {
					param: issue.path.map(String).join("."),
					text: `'${issue.path.map(String).join(".")}': ${issue.message}.`,
				},
	);
	throw new GalleyError(
		"invalid_request",
		problems.map(({ text }) => text).join(" "),
		{ param: problems[0]?.param },
	);
}
