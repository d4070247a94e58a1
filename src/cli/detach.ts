import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { mkdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readGatewayRecord } from "../gateway/replicas/run-directory.ts";
import { exitCodes } from "./exit-codes.ts";
import { ownCommand } from "./own-command.ts";
import type { UpOptions } from "./up.ts";

/** Starts this command again in the background; resolves when its door is open. */
export async function detach(
	file: string | undefined,
	options: UpOptions,
	runDirectory: string,
): Promise<number> {
	const logs = join(runDirectory, "logs");
	await mkdir(logs, { recursive: true, mode: 0o700 });
	const log = join(logs, "gateway.log");
	const output = openSync(log, "a", 0o600);
	await truncate(log, 0);
	const { executable, words } = ownCommand();
	const child = spawn(
		executable,
		[
			...words,
			"up",
			...(file === undefined ? [] : [file]),
			...(options.host === undefined ? [] : [`--host=${options.host}`]),
			...(options.port === undefined ? [] : [`--port=${options.port}`]),
			`--log-level=${options.logLevel}`,
			`--log-format=${options.logFormat}`,
			`--own-log=${log}`,
		],
		{ detached: true, stdio: ["ignore", output, output] },
	);
	const ended = new Promise<number>((resolve) => {
		child.once("exit", (code) => resolve(code ?? exitCodes.failure));
		child.once("error", () => resolve(exitCodes.failure));
	});
	let code: number | null = null;
	void ended.then((given) => {
		code = given;
	});
	for (;;) {
		const record = readGatewayRecord(runDirectory);
		if (record !== null && record.pid === child.pid) {
			child.unref();
			process.stdout.write(
				`The gateway listens on ${record.address}; its services are starting (galley ps --watch).\nIts log is ${log}. galley down ends it.\n`,
			);
			return exitCodes.ok;
		}
		if (code !== null) {
			process.stderr.write(await readFile(log, "utf8"));
			return code;
		}
		await delay(50);
	}
}
