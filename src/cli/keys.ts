import { type Command, InvalidArgumentError, Option } from "commander";
import { GalleyError } from "../core/errors.ts";
import { scopes } from "../gateway/access/principal.ts";
import { commandSummaries } from "./command-table.ts";
import {
	addGatewayFlags,
	type GatewayClient,
	type GatewayFlags,
	openGateway,
} from "./gateway-client.ts";
import { type KeyFlags, toKeyRequest } from "./key-request.ts";
import { formatKeys, type ShownKey } from "./key-table.ts";

interface KeyAnswer extends ShownKey {
	/** Shown this once. */
	key: string;
}

interface OutputFlags extends GatewayFlags {
	json?: boolean;
}

export function registerKeysCommand(program: Command): void {
	const keys = program.command("keys").description(commandSummaries.keys);
	const action = (name: string, description: string) =>
		addGatewayFlags(
			keys
				.command(name)
				.description(description)
				.option("--json", "for machines"),
		);
	addSettings(
		action("create", "make a key; it is shown once").argument(
			"<name>",
			"whose it is, or what for",
		),
	).action((name: string, flags: KeyFlags & OutputFlags) =>
		run(flags, async (client) => {
			const answer = await client.call<KeyAnswer>("POST", "/v1/keys", {
				name,
				...toKeyRequest(flags, Date.now()),
			});
			return [answer, secretOf(answer, "is made")];
		}),
	);
	action("list", "show keys, without their secrets")
		.option("--all", "revoked and expired ones too")
		.action((flags: OutputFlags & { all?: boolean }) =>
			run(flags, async (client) => {
				const all = await listKeys(client);
				const shown =
					flags.all === true
						? all
						: all.filter(({ state }) => state === "active");
				return [{ keys: shown }, formatKeys(shown, Date.now())];
			}),
		);
	action(
		"rotate",
		"give a key another secret; the one before goes on for a while",
	)
		.argument("<key>", "its id, name or prefix")
		.addOption(
			new Option(
				"--overlap <time>",
				"how long both are taken: 0, 30m, 24h, 7d (default: 24h)",
			).argParser(durationSeconds),
		)
		.action((key: string, flags: OutputFlags & { overlap?: number }) =>
			run(flags, async (client) => {
				const { id } = await findKey(client, key);
				const answer = await client.call<KeyAnswer>(
					"POST",
					`/v1/keys/${id}/rotate`,
					flags.overlap === undefined ? {} : { overlapSeconds: flags.overlap },
				);
				return [answer, secretOf(answer, "has another secret")];
			}),
		);
	action("revoke", "refuse a key from now on")
		.argument("<key>", "its id, name or prefix")
		.action((key: string, flags: OutputFlags) =>
			run(flags, async (client) => {
				const { id } = await findKey(client, key);
				const answer = await client.call<ShownKey>("DELETE", `/v1/keys/${id}`);
				return [answer, `${answer.name} (${answer.id}) is revoked.`];
			}),
		);
	addSettings(
		action("update", "change what a key may do; what isn't named stays")
			.argument("<key>", "its id, name or prefix")
			.option("--name <name>", "another name"),
	).action((key: string, flags: KeyFlags & OutputFlags & { name?: string }) =>
		run(flags, async (client) => {
			const { id } = await findKey(client, key);
			const answer = await client.call<ShownKey>("PATCH", `/v1/keys/${id}`, {
				...(flags.name === undefined ? {} : { name: flags.name }),
				...toKeyRequest(flags, Date.now()),
			});
			return [answer, formatKeys([answer], Date.now())];
		}),
	);
}

function addSettings(command: Command): Command {
	return command
		.option("--tenant <name>", "who shares limits and costs (default: default)")
		.option(
			"--scopes <list>",
			`of ${scopes.join(", ")} (default: inference; the first key: all)`,
		)
		.option("--models <patterns>", "names with *; 'all' takes the limit away")
		.option("--expires <time>", "90d, 12h, 2027-01-31, or 'never'")
		.option("--requests-per-minute <count>", "'none' takes a limit away")
		.option("--tokens-per-minute <count>", "prompt and answer together")
		.option("--tokens-per-day <count>", "from midnight UTC")
		.option("--concurrency <count>", "requests at a time")
		.option("--spend-usd <dollars>", "all in all, by the fleet file's prices");
}

/** Prints what the work tells: for machines, or for people. */
async function run(
	flags: OutputFlags,
	work: (client: GatewayClient) => Promise<readonly [unknown, string]>,
): Promise<void> {
	await using client = openGateway(flags, process.env);
	const [answer, text] = await work(client);
	process.stdout.write(
		`${flags.json === true ? JSON.stringify(answer) : text}\n`,
	);
}

async function listKeys(client: GatewayClient): Promise<ShownKey[]> {
	const { keys } = await client.call<{ keys: ShownKey[] }>("GET", "/v1/keys");
	return keys;
}

async function findKey(client: GatewayClient, text: string): Promise<ShownKey> {
	const found = (await listKeys(client)).filter(
		({ id, name, prefix }) =>
			id === text ||
			name === text ||
			(text.length >= 4 && prefix.startsWith(text)),
	);
	const living = found.filter(({ state }) => state === "active");
	const [only, ...others] = living.length > 0 ? living : found;
	if (only === undefined)
		throw new GalleyError(
			"not_found",
			`There is no key "${text}". galley keys list shows them.`,
		);
	if (others.length === 0) return only;
	throw new GalleyError(
		"invalid_request",
		`"${text}" stands for several keys: ${[only, ...others].map(({ id }) => id).join(", ")}. Give an id.`,
	);
}

function secretOf({ key, id, name }: KeyAnswer, what: string): string {
	return `${key}\n\n${name} (${id}) ${what}. Keep it now: it is not shown again.`;
}

const units: Readonly<Record<string, number>> = {
	s: 1,
	m: 60,
	h: 3600,
	d: 86_400,
};

function durationSeconds(text: string): number {
	const [, count, unit = "s"] = /^(\d+)([smhd]?)$/.exec(text.trim()) ?? [];
	if (count === undefined)
		throw new InvalidArgumentError("Write a time such as 30m, 24h or 7d.");
	return Number(count) * (units[unit === "" ? "s" : unit] ?? 1);
}
