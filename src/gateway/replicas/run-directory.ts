import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { olderLog } from "./log-file.ts";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { type ProcessRecord, readRecord } from "./process-record.ts";

/** What is known of the gateway that has a folder. */
export interface GatewayRecord extends ProcessIdentity {
	address: string;
}

/** The socket's path has to fit into the system's `sockaddr_un`, with the byte that ends it. */
const longestSocketPath = process.platform === "darwin" ? 103 : 107;
const keptLogs = 4;

/**
 * Sockets, settings, records and logs of one fleet's processes, for this user only:
 *
 *     gateway.json              who has this folder
 *     starter-chat.yaml         a service's settings
 *     starter-chat-1.sock       where a replica listens
 *     starter-chat-1.json       its record while it runs
 *     logs/starter-chat-1.log   what it says
 */
export class RunDirectory {
	readonly path: string;
	readonly #gatewayRecord: string;

	private constructor(path: string) {
		this.path = path;
		this.#gatewayRecord = join(path, "gateway.json");
	}

	/** Throws `conflict` when the gateway of this folder is alive. */
	static async open(path: string): Promise<RunDirectory> {
		const directory = new RunDirectory(path);
		if (
			Buffer.byteLength(directory.socketPath("x".repeat(200), 100)) >
			longestSocketPath
		)
			throw new GalleyError(
				"invalid_configuration",
				`${path} is too long for the names of sockets: set GALLEY_DATA_DIR to a shorter folder.`,
			);
		try {
			await mkdir(join(path, "logs"), { recursive: true, mode: 0o700 });
		} catch (cause) {
			throw new GalleyError(
				"invalid_configuration",
				`The folder ${path} can't be written: ${cause instanceof Error ? cause.message : cause}. Set GALLEY_DATA_DIR to one that can.`,
				{ cause },
			);
		}
		const other = readGatewayRecord(path);
		if (other !== null && other.pid !== process.pid)
			throw new GalleyError(
				"conflict",
				`A gateway runs already with this folder (${path}): process ${other.pid} at ${other.address}. End it with galley down, or give this one another port.`,
			);
		return directory;
	}

	/** From now on this process is the gateway of this folder. */
	claim(address: string): void {
		const identity = identify(process.pid);
		const record: GatewayRecord = {
			pid: process.pid,
			startedAt: identity?.startedAt ?? "",
			address,
		};
		writeFileSync(this.#gatewayRecord, JSON.stringify(record), { mode: 0o600 });
	}

	settingsPath(service: string): string {
		return join(this.path, `${fileName(service)}.yaml`);
	}

	socketPath(service: string, number: number): string {
		return join(this.path, `${fileName(service)}-${number}.sock`);
	}

	recordPath(service: string, number: number): string {
		return join(this.path, `${fileName(service)}-${number}.json`);
	}

	logPath(service: string, number: number): string {
		return join(this.path, "logs", `${fileName(service)}-${number}.log`);
	}

	/** Logs of a service's replicas by their number, those that are gone too. */
	logs(service: string): { number: number; path: string }[] {
		const pattern = new RegExp(
			`^${fileName(service).replaceAll(".", "\\.")}-(\\d+)\\.log$`,
		);
		return readdirSync(join(this.path, "logs"))
			.map((name) => Number(pattern.exec(name)?.[1] ?? Number.NaN))
			.filter((number) => !Number.isNaN(number))
			.sort((left, right) => left - right)
			.map((number) => ({ number, path: this.logPath(service, number) }));
	}

	/** Logs of replicas that are gone are kept for a while: somebody may want to know why. */
	async removeOldLogs(
		service: string,
		living: readonly number[],
	): Promise<void> {
		const gone = this.logs(service).filter(
			({ number }) => !living.includes(number),
		);
		for (const { path } of gone.slice(0, -keptLogs)) {
			await rm(path, { force: true });
			await rm(olderLog(path), { force: true });
		}
	}

	/** What runs, by what an earlier gateway wrote down. */
	living(): (ProcessRecord & { path: string })[] {
		return livingProcesses(this.path);
	}

	async writeSettings(service: string, text: string): Promise<string> {
		const path = this.settingsPath(service);
		// Options may hold keys: in a file of this user's, not in a command line that everybody can list.
		await writeFile(path, text, { mode: 0o600 });
		return path;
	}

	/** Nobody has it any more; logs stay. */
	async leave(): Promise<void> {
		for (const name of readdirSync(this.path))
			if (/\.(json|yaml|sock|partial)$/.test(name))
				await rm(join(this.path, name), { force: true });
	}
}

/** Null when no gateway is alive that has this folder. */
export function readGatewayRecord(path: string): GatewayRecord | null {
	try {
		const text = readFileSync(join(path, "gateway.json"), "utf8");
		const { pid, startedAt, address } = JSON.parse(
			text,
		) as Partial<GatewayRecord>;
		if (typeof pid !== "number" || typeof startedAt !== "string") return null;
		if (typeof address !== "string") return null;
		const record = { pid, startedAt, address };
		return isGatewayAlive(record) ? record : null;
	} catch {
		// None, or half a file of one that was killed as it wrote it.
		return null;
	}
}

export function livingProcesses(
	path: string,
): (ProcessRecord & { path: string })[] {
	return readdirSync(path)
		.filter((name) => /-\d+\.json$/.test(name))
		.flatMap((name) => {
			const file = join(path, name);
			const record = readRecord(file);
			return record !== null && isAlive(record)
				? [{ ...record, path: file }]
				: [];
		});
}

function isGatewayAlive({ pid, startedAt }: ProcessIdentity): boolean {
	if (startedAt !== "") return isAlive({ pid, startedAt });
	try {
		// This system doesn't tell when processes began.
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

/** A service's name may be long and have slashes; what is changed of it gets a mark, so that no two are the same. */
function fileName(service: string): string {
	const plain = service.replaceAll(/[^\w.-]/g, "_").slice(0, 32);
	if (plain === service) return plain;
	const mark = createHash("sha256").update(service).digest("hex").slice(0, 8);
	return `${plain}-${mark}`;
}
