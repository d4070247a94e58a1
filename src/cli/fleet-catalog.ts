import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { CatalogSource } from "../gateway/http/catalog-routes.ts";
import type { Catalog } from "../models/catalog/catalog.ts";
import { parseCatalogQuery } from "../models/catalog/catalog-query.ts";
import { openCatalog } from "../models/catalog/read-catalog.ts";
import { readHardware } from "../models/hardware.ts";
import { configuredCatalog } from "./model-sources.ts";
import { ownCommand } from "./own-command.ts";

const run = promisify(execFile);
/** Entries of teams' own folders and addresses are read again so often. */
const freshMs = 60_000;
const profilesTimeoutMs = 60_000;
const mostProfiles = 100;

/**
 * The catalog for a gateway. Profiles come from `galley profiles` in a process of its own: it looks at the engines' libraries and
 * perhaps at a hub, which are no business of the door.
 */
export function fleetCatalog(
	environment: Readonly<Record<string, string | undefined>>,
): CatalogSource & { taskOf(model: string): string | null } {
	let opened: { at: number; catalog: Promise<Catalog> } | null = null;
	let last: Catalog | null = null;
	const open = (): Promise<Catalog> => {
		if (opened !== null && performance.now() - opened.at < freshMs)
			return opened.catalog;
		const config = resolveServiceConfig({ flags: {}, environment });
		const catalog = openCatalog(configuredCatalog(config), {
			availableBytes: () => readHardware().memory.availableBytes,
		});
		opened = { at: performance.now(), catalog };
		catalog.then(
			(read) => {
				last = read;
			},
			() => {
				opened = null;
			},
		);
		return catalog;
	};
	const profiles = new Map<string, { at: number; answer: Promise<unknown> }>();
	void open().catch(() => undefined);
	return {
		search: async (parameters) =>
			(await open()).search(parseCatalogQuery(parameters)),
		get: async (id) => (await open()).get(id),
		nearest: async (id) => (await open()).nearest(id),
		taskOf: (model) => last?.get(model)?.tasks[0] ?? null,
		profiles(reference) {
			const known = profiles.get(reference);
			if (known !== undefined && performance.now() - known.at < freshMs)
				return known.answer;
			const answer = profilesOf(reference, environment);
			profiles.delete(reference);
			profiles.set(reference, { at: performance.now(), answer });
			answer.catch(() => profiles.delete(reference));
			for (const oldest of profiles.keys()) {
				if (profiles.size <= mostProfiles) break;
				profiles.delete(oldest);
			}
			return answer;
		},
	};
}

async function profilesOf(
	reference: string,
	environment: Readonly<Record<string, string | undefined>>,
): Promise<unknown> {
	const { executable, words } = ownCommand();
	try {
		const { stdout } = await run(
			executable,
			[...words, "profiles", "--json", "--", reference],
			{
				env: environment as NodeJS.ProcessEnv,
				timeout: profilesTimeoutMs,
				maxBuffer: 16 * 1024 ** 2,
			},
		);
		return JSON.parse(stdout);
	} catch (cause) {
		const { stderr = "" } = cause as { stderr?: string };
		const [reason = ""] = stderr.trim().split("\n").slice(-1);
		throw new GalleyError(
			"engine_unavailable",
			`How '${reference}' would run here can't be told: ${reason === "" ? "the look at it took too long" : reason}`,
			{ cause, retryAfterSeconds: 30 },
		);
	}
}
