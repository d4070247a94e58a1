import { closeSync, fsyncSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

type Initialised = Awaited<ReturnType<NodeFS["init"]>>;

/** What Emscripten's NODEFS keeps of an open file or folder. */
interface OpenFile {
	node: unknown;
	/** Node's descriptor; folders have none. */
	nfd?: number;
}

interface NodeFileSystem {
	stream_ops: { fsync?: (file: OpenFile) => number };
	realPath(node: unknown): string;
}

/**
 * A directory whose files are written out when PostgreSQL asks for it. PGlite's own does nothing then, and tells PostgreSQL not
 * to ask: a power cut would lose what was committed, or the database, when pages reach the disk before their log does.
 */
export class DurableFiles extends NodeFS {
	override async init(
		pglite: PGlite,
		options: Initialised["emscriptenOpts"],
	): Promise<Initialised> {
		const { emscriptenOpts } = await super.init(pglite, options);
		const preRun = [emscriptenOpts.preRun ?? []].flat();
		preRun.push((module) => {
			const { NODEFS } = module.FS.filesystems as unknown as {
				NODEFS: NodeFileSystem;
			};
			NODEFS.stream_ops.fsync = ({ nfd, node }) => {
				if (nfd !== undefined) fsyncSync(nfd);
				else writeOutFolder(NODEFS.realPath(node));
				return 0;
			};
		});
		return { emscriptenOpts: { ...emscriptenOpts, preRun } };
	}
}

/**
 * PGlite's parameters without `-F`, which stands for "no fsync". The log by `fsync`, too: PostgreSQL's default `fdatasync` does
 * nothing in PGlite.
 */
export function durableParameters(defaults: readonly string[]): string[] {
	return [
		...defaults.filter((word) => word !== "-F"),
		"-c",
		"wal_sync_method=fsync",
	];
}

/** Has the system write these files and folders out. A thousand of them take a slow disk seconds: wait for it elsewhere. */
export async function writeOut(paths: readonly string[]): Promise<void> {
	const waiting = [...paths];
	const work = async () => {
		for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
			if (isWindows) return;
			const file = await open(path, "r");
			try {
				await file.sync();
			} finally {
				await file.close();
			}
		}
	};
	await Promise.all([work(), work(), work(), work()]);
}

/** Neither folders nor files that are open for reading can be written out there. */
const isWindows = process.platform === "win32";

function writeOutFolder(path: string) {
	if (isWindows) return;
	const folder = openSync(path, "r");
	try {
		fsyncSync(folder);
	} finally {
		closeSync(folder);
	}
}
