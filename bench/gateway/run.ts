/**
 * `npm run bench -- gateway [--rounds N] [--seconds N] [--connections N] [--patience N] [--rate N] [--galley FILE] [--out DIRECTORY]`
 * What the gateway adds to a request, against asking its place directly; and how much it passes on, against the least that passes
 * anything on with the same HTTP client. Client and engine share one core, the contender has the other to itself.
 */
import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../../src/benchmark/statistics.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { ServerFleet, type ServerProcess } from "../harness/server-process.ts";
import { percent } from "../harness/undisturbed.ts";
import {
	type Contender,
	compare,
	onCore,
	program,
	type Settings,
} from "./measure.ts";
import { report } from "./report.ts";

/** Of the machine, used by others: above that no result is written, since it would say nothing. */
const worthlessShare = 0.3;

const messages = [
	{ role: "system", content: "You are a helpful assistant. ".repeat(8) },
	{ role: "user", content: "Tell me about the weather in the mountains." },
];
const body = (more: object) =>
	JSON.stringify({ model: "fake", messages, temperature: 0, ...more });

const partLists = [
	["routing alone", ""],
	["with keys", "keys"],
	["with metrics", "metrics"],
	["with the log of calls", "log"],
	["with usage", "usage"],
	["with all four", "keys,metrics,log,usage"],
] as const;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			connections: { type: "string", default: "64" },
			rounds: { type: "string", default: "3" },
			seconds: { type: "string", default: "5" },
			patience: { type: "string", default: "2" },
			rate: { type: "string", default: "1000" },
			galley: { type: "string", default: program("../../dist/cli/main.js") },
			out: { type: "string", default: program("../results") },
		},
	});
	if (!existsSync(values.galley))
		throw new Error(`There is no ${values.galley}: run npm run build.`);
	const environment = describeEnvironment();
	const folder = mkdtempSync(join(tmpdir(), "galley-bench-"));
	process.env.GALLEY_DATA_DIR = folder;
	try {
		await using fleet = new ServerFleet();
		const start = (
			name: string,
			core: number,
			toWords: (port: number) => string[],
		) => {
			const { command } = onCore(core);
			return fleet.start({
				name,
				command,
				toArguments: (port) => onCore(core, ...toWords(port)).words,
			});
		};
		const engine = await start("fake engine", 0, (port) => [
			"--import",
			"tsx",
			program("fake-engine.ts"),
			String(port),
		]);
		const enginePort = new URL(engine.url).port;
		const settings: Settings = {
			connections: Number(values.connections),
			rate: null,
			rounds: Number(values.rounds),
			seconds: Number(values.seconds),
			patience: Number(values.patience),
			enginePid: engine.pid,
		};
		const bare = await start("bare undici", 1, (port) => [
			"--import",
			"tsx",
			program("bare-proxy.ts"),
			String(port),
			enginePort,
		]);
		const file = join(folder, "fleet.yaml");
		writeFileSync(
			file,
			`gateway: { port: 1 }\nupstreams: [{ name: engine, url: "${engine.url}/v1", models: [fake] }]\nconsole: false\n`,
		);
		const galley = await start("galley up", 1, (port) => [
			values.galley,
			"up",
			file,
			"--port",
			String(port),
			"--log-level",
			"warn",
		]);
		const contenders = [
			["direct", engine],
			["bare undici", bare],
			["galley", galley],
		] as const;
		const passing = contenders.slice(1);
		const dist = join(dirname(values.galley), "..");
		const startParts = async () => {
			const servers: (readonly [Contender, ServerProcess])[] = [];
			for (const [title, list] of partLists) {
				const server = await start(title, 1, (port) => [
					"--import",
					"tsx",
					program("parts-gateway.ts"),
					String(port),
					enginePort,
					dist,
					list,
					join(folder, `usage of ${title}`),
				]);
				servers.push([title, server]);
			}
			return servers;
		};
		const delayMs = 100;
		const rate = Number(values.rate);
		const slow = await compare(
			fleet,
			`Answers of ${delayMs} ms`,
			contenders,
			body({ delay_ms: delayMs }),
			settings,
		);
		const streams = await compare(
			fleet,
			"Streams, a token every 20 ms",
			contenders,
			body({ stream: true, step_ms: 20, max_tokens: 32 }),
			settings,
		);
		// Short ones, and many: what counts is what two have in the same round.
		const rates: Settings = {
			...settings,
			rounds: 2 * settings.rounds - 1,
			seconds: Math.min(settings.seconds, 2),
		};
		const flood = await compare(
			fleet,
			"Answers at once",
			passing,
			body({}),
			rates,
		);
		const tokens = await compare(
			fleet,
			"Streams as fast as they go",
			passing,
			body({ stream: true, max_tokens: 500 }),
			rates,
		);
		const paced = await compare(
			fleet,
			`Answers of ${delayMs} ms, ${rate} a second`,
			contenders,
			body({ delay_ms: delayMs }),
			{
				...settings,
				rate,
				// Twice as many as are under way.
				connections: Math.ceil((rate * delayMs * 2) / 1000),
			},
		);
		const parts = await compare(
			fleet,
			"Parts of the gateway",
			await startParts(),
			body({}),
			rates,
		);
		const share = median(
			[...slow, ...paced, ...streams, ...flood, ...tokens].map(
				({ foreignShare }) => foreignShare ?? 0,
			),
		);
		if (share > worthlessShare)
			throw new Error(
				`Others used ${percent(share)} of the machine: nothing is written. Run it again when it is quiet.`,
			);
		const path = report(values.out, environment, settings, {
			delayMs,
			requestBytes: body({}).length,
			rate,
			floodRounds: rates.rounds,
			slow,
			paced,
			streams,
			flood,
			tokens,
			parts,
		});
		console.log(`\n${readFileSync(path, "utf8")}\n${path}`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
