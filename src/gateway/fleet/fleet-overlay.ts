import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import {
	type Fleet,
	type FleetService,
	fleetServiceSchema,
} from "./fleet-file.ts";
import { fleetProblems } from "./fleet-problems.ts";

const overlaySchema = z.object({
	services: z.array(fleetServiceSchema).default([]),
	held: z.array(z.string()).default([]),
});

/**
 * What was deployed and stopped over the API: kept beside the fleet file, not in it, so that a hand-written file stays as it was
 * written. Both together are the fleet. Where they meet, the file wins: a deployed service whose name it takes is left out, and is
 * back when the name is free again. A stopped service stays stopped, wherever it comes from.
 */
export class FleetOverlay {
	readonly #path: string | null;
	#services: FleetService[];
	readonly #held: Set<string>;
	/** Files are written one after the other. */
	#writing: Promise<void> = Promise.resolve();

	/** Without a path it is forgotten with the gateway. Throws when a file can't be read as one. */
	constructor(path: string | null) {
		this.#path = path;
		const { services, held } = overlaySchema.parse(
			path === null ? {} : (readJson(path) ?? {}),
		);
		this.#services = services;
		this.#held = new Set(held);
	}

	has(name: string): boolean {
		return this.#services.some((service) => service.name === name);
	}

	isHeld(name: string): boolean {
		return this.#held.has(name);
	}

	add(service: FleetService): Promise<void> {
		this.#services.push(service);
		this.#held.delete(service.name);
		return this.#write();
	}

	remove(name: string): Promise<void> {
		this.#services = this.#services.filter((service) => service.name !== name);
		this.#held.delete(name);
		return this.#write();
	}

	setHeld(name: string, isHeld: boolean): Promise<void> {
		if (isHeld) this.#held.add(name);
		else this.#held.delete(name);
		return this.#write();
	}

	/** The fleet file's and the deployed services; and which of those have no place in it. */
	over(file: Fleet): { fleet: Fleet; leftOut: string[] } {
		let fleet = file;
		const leftOut: string[] = [];
		for (const service of this.#services) {
			const both = { ...fleet, services: [...fleet.services, service] };
			if (fleetProblems(both).length > 0) leftOut.push(service.name);
			else fleet = both;
		}
		return { fleet, leftOut };
	}

	#write(): Promise<void> {
		const path = this.#path;
		if (path === null) return Promise.resolve();
		const text = JSON.stringify(
			{ services: this.#services, held: [...this.#held] },
			null,
			"\t",
		);
		this.#writing = this.#writing
			// An earlier failure was told to whoever asked for it.
			.catch(() => undefined)
			.then(async () => {
				await mkdir(dirname(path), { recursive: true, mode: 0o700 });
				await writeFile(`${path}.partial`, text, { mode: 0o600 });
				await rename(`${path}.partial`, path);
			});
		return this.#writing;
	}
}

function readJson(path: string): unknown {
	try {
		return JSON.parse(readFileSync(path, "utf8"));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
		throw error;
	}
}
