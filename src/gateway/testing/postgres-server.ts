import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";

/** A PostgreSQL of a test's own, to be killed and started again. */
export interface PostgresServer {
	url: string;
	start(): Promise<void>;
	/** As the out-of-memory killer does it. */
	kill(): Promise<void>;
	close(): Promise<void>;
}

const installations = "/usr/lib/postgresql";
const startMs = 30_000;

/** The folder of `initdb` and `postgres`: GALLEY_TEST_POSTGRES_BIN, or where Debian has it; null where none is installed. */
export function postgresPrograms(): string | null {
	const debian = existsSync(installations)
		? readdirSync(installations)
				.sort((left, right) => Number(right) - Number(left))
				.map((version) => join(installations, version, "bin"))
		: [];
	return (
		[process.env.GALLEY_TEST_POSTGRES_BIN ?? [], debian, "/usr/local/bin"]
			.flat()
			.find((folder) => existsSync(join(folder, "initdb"))) ?? null
	);
}

/** A new database in a folder below the given one, which anybody has to be able to enter. */
export async function createPostgresServer(
	programs: string,
	parent: string,
): Promise<PostgresServer> {
	const directory = await mkdtemp(join(parent, "galley-postgres-"));
	const identity = unprivileged();
	if (identity !== null) chownSync(directory, identity.uid, identity.gid);
	const options = { ...identity, cwd: directory };
	const made = spawnSync(
		join(programs, "initdb"),
		["-D", directory, "-A", "trust", "-U", "galley", "--no-sync", "-E", "UTF8"],
		{ ...options, encoding: "utf8", env: { ...process.env, LC_ALL: "C" } },
	);
	if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
	const port = await freePort();
	const url = `postgres://galley@127.0.0.1:${port}/postgres?sslmode=disable`;
	let child: ChildProcess | null = null;

	const stop = async (signal: NodeJS.Signals) => {
		const running = child;
		child = null;
		if (running === null || running.exitCode !== null) return;
		const ended = once(running, "exit");
		running.kill(signal);
		await ended;
	};
	const start = async () => {
		const until = performance.now() + startMs;
		let said = "";
		for (;;) {
			const settings = ["listen_addresses=127.0.0.1", "fsync=off"];
			// Its socket files would need a folder that exists everywhere.
			const words = [...settings, "unix_socket_directories="].flatMap(
				(setting) => ["-c", setting],
			);
			const started = spawn(
				join(programs, "postgres"),
				["-D", directory, "-p", String(port), ...words],
				{ ...options, stdio: ["ignore", "ignore", "pipe"] },
			);
			child = started;
			started.stderr.on("data", (piece) => {
				said = `${said}${piece}`.slice(-2000);
			});
			// Until its children have noticed its end, a killed server can't be started again: then this one ends at once.
			while (started.exitCode === null && performance.now() < until) {
				if (await answers(url)) return;
				await delay(50);
			}
			if (performance.now() >= until)
				throw new Error(`PostgreSQL did not start: ${said}`);
			await delay(100);
		}
	};
	return {
		url,
		start,
		kill: () => stop("SIGKILL"),
		async close() {
			await stop("SIGQUIT");
			await rm(directory, { recursive: true, force: true });
		},
	};
}

/** PostgreSQL refuses to run as root: nobody in particular does it then. */
function unprivileged(): { uid: number; gid: number } | null {
	const nobody = 65_534;
	return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : null;
}

async function answers(connectionString: string): Promise<boolean> {
	const client = new Client({
		connectionString,
		connectionTimeoutMillis: 2000,
	});
	client.on("error", () => undefined);
	try {
		await client.connect();
		await client.query("select 1");
		return true;
	} catch {
		// It is on its way.
		return false;
	} finally {
		await client.end().catch(() => undefined);
	}
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	return typeof address === "object" && address !== null ? address.port : 0;
}
