import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../observability/logger.ts";
import type { FleetApplication } from "../fleet/fleet-file.ts";
import type { ApplicationStatus } from "../fleet/fleet-status.ts";
import {
	type ApplicationProgram,
	type OwnProgram,
	withoutOwnVariables,
} from "../fleet/service-recipe.ts";
import type { RunDirectory } from "../replicas/run-directory.ts";
import { ServiceProcess } from "../replicas/service-process.ts";
import type { StartGate } from "../replicas/start-gate.ts";
import {
	type KnownApplication,
	knownApplications,
} from "./known-applications.ts";
import { SourceFiles } from "./source-files.ts";

export interface ApplicationsParts {
	/** How an application is started here; null where this installation doesn't have it. */
	program(name: string): ApplicationProgram | null;
	environment: Readonly<Record<string, string | undefined>>;
	directory: RunDirectory;
	/** Each gets a folder in it. */
	dataDirectory: string;
	/** `http://127.0.0.1:8000` */
	gateway(): string;
	apiKey: string;
	gate: StartGate;
	logger: Pick<Logger, "info" | "warn" | "error">;
}

interface OpenApplication {
	application: FleetApplication;
	known: KnownApplication;
	url: string;
	process: ServiceProcess;
	folder: string;
	/** Listed when somebody asks for it first. */
	source: SourceFiles | null;
}

const ownPrefix = "application:";

/** The sample applications of a fleet, each a process that is watched as services are. */
export class Applications {
	readonly #parts: ApplicationsParts;
	readonly #open = new Map<string, OpenApplication>();

	constructor(parts: ApplicationsParts) {
		this.#parts = parts;
	}

	/** Ids of the processes that are wanted. */
	get ids(): string[] {
		return [...this.#open.values()].map(({ process }) => process.id);
	}

	async add(application: FleetApplication): Promise<void> {
		const { name } = application;
		const known = knownApplications.get(name);
		const program = this.#parts.program(name);
		if (known === undefined || program === null) {
			this.#parts.logger.error(
				{},
				`The application ${name} is not part of this installation: it is left out.`,
			);
			return;
		}
		const { dataDirectory, environment, gateway, apiKey } = this.#parts;
		const port = application.port ?? known.port;
		const own = join(dataDirectory, name);
		await mkdir(own, { recursive: true, mode: 0o700 });
		const given = {
			...known.environment({
				port,
				gateway: gateway(),
				apiKey,
				dataDirectory: own,
			}),
			...application.environment,
		};
		const url = `http://127.0.0.1:${port}`;
		const digest = digestOf([program, given]);
		const process = this.#process(
			name,
			known,
			url,
			program,
			{ ...withoutOwnVariables(environment), ...given },
			digest,
		);
		const { folder } = program;
		this.#open.set(name, {
			application,
			known,
			url,
			process,
			folder,
			source: null,
		});
		// One that an earlier gateway left, with other settings.
		if (process.adopt() && process.digest !== digest) await process.stop();
		process.start();
	}

	async change(application: FleetApplication): Promise<void> {
		await this.remove(application.name);
		await this.add(application);
	}

	async remove(name: string): Promise<void> {
		const open = this.#open.get(name);
		this.#open.delete(name);
		await open?.process.close();
	}

	status(): ApplicationStatus[] {
		return [...this.#open].map(([name, { known, url, process }]) => ({
			name,
			title: known.title,
			description: known.description,
			url,
			source: known.source,
			sourceUrl: `/blueprints/${encodeURIComponent(name)}/source`,
			phase: process.phase,
			reason: process.reason === "" ? null : process.reason,
			pid: process.processId,
			ageSeconds: Math.round(process.ageMs / 1000),
			deaths: process.deaths,
		}));
	}

	/** Null for an application that isn't in the fleet. */
	source(name: string): SourceFiles | null {
		const open = this.#open.get(name);
		if (open === undefined) return null;
		open.source ??= new SourceFiles(open.folder);
		return open.source;
	}

	async close(): Promise<void> {
		await Promise.all(
			[...this.#open.values()].map(({ process }) => process.close()),
		);
	}

	#process(
		name: string,
		known: KnownApplication,
		url: string,
		{ executable, words }: OwnProgram,
		environment: Readonly<Record<string, string | undefined>>,
		digest: string,
	): ServiceProcess {
		const { directory, gate, logger } = this.#parts;
		const owner = `${ownPrefix}${name}`;
		return new ServiceProcess({
			id: `${owner}/1`,
			command: { executable, words, environment },
			digest,
			listens: { origin: url },
			readyPath: known.readyPath,
			logPath: directory.logPath(owner, 1),
			recordPath: directory.recordPath(owner, 1),
			gate,
			// It is in its own log.
			onLine: () => undefined,
			onPhase: (phase, reason) => {
				const message = `The application ${name} is ${phase}${reason === "" ? "" : ` (${reason})`}.`;
				if (phase === "restarting" || phase === "failed")
					logger.warn({ phase }, message);
				else logger.info({ phase }, message);
			},
			stopMs: 10_000,
		});
	}
}

function digestOf(value: unknown): string {
	return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
