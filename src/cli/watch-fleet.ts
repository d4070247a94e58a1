import { type FSWatcher, readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { FleetControl } from "../gateway/fleet/fleet-control.ts";
import { LogFile } from "../gateway/replicas/log-file.ts";
import type { Logger } from "../observability/logger.ts";
import { describeProblems, type FleetSource } from "./fleet-source.ts";

/** Editors write a file in several steps. */
const settleMs = 300;

/** Reads the fleet file again when it changes, and at SIGHUP, until disposed. */
export function watchFleet(
	source: FleetSource,
	control: FleetControl,
	logger: Pick<Logger, "info" | "error">,
	/** This process's own output, where that is a file to be kept short. */
	ownLog?: string,
): Disposable {
	const reload = async () => {
		try {
			const { changed, problems } = await control.reload();
			if (problems.length > 0)
				logger.error(
					{},
					`The fleet file has mistakes; nothing was changed.\n${describeProblems(source.path, problems)}`,
				);
			else if (changed.length === 0)
				logger.info({}, "The fleet file says nothing new.");
		} catch (error) {
			logger.error({ error }, "The fleet file could not be read again.");
		}
	};
	const log =
		ownLog === undefined
			? null
			: new LogFile({ path: ownLog, onLine: () => undefined });
	log?.follow();
	const hangUp = () => {
		// A terminal that is closed is no wish for other settings.
		if (process.stderr.isTTY === true) process.kill(process.pid, "SIGTERM");
		else void reload();
	};
	process.on("SIGHUP", hangUp);
	const watcher = source.path === null ? null : watchFile(source.path, reload);
	return {
		[Symbol.dispose]() {
			process.off("SIGHUP", hangUp);
			watcher?.[Symbol.dispose]();
			void log?.close();
		},
	};
}

/** Calls when what a file holds is another, however it was written: its folder is watched, since editors replace files. */
function watchFile(path: string, onChange: () => void): Disposable {
	let content = readOrNull(path);
	let timer: NodeJS.Timeout | null = null;
	const look = () => {
		const now = readOrNull(path);
		// Gone for a moment, or touched only.
		if (now === null || now === content) return;
		content = now;
		onChange();
	};
	let watcher: FSWatcher;
	try {
		watcher = watch(dirname(path), (_event, name) => {
			if (name !== null && name !== basename(path)) return;
			if (timer !== null) clearTimeout(timer);
			timer = setTimeout(look, settleMs);
		});
	} catch {
		// No more watches, or a file system without: it is looked at now and then.
		const interval = setInterval(look, 2000);
		return { [Symbol.dispose]: () => clearInterval(interval) };
	}
	return {
		[Symbol.dispose]() {
			if (timer !== null) clearTimeout(timer);
			watcher.close();
		},
	};
}

function readOrNull(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		// It is being replaced.
		return null;
	}
}
