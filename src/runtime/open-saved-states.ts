import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Engine, EngineOptions } from "../engine/engine.ts";
import { SavedStates, type SavedStatesOptions } from "./saved-states.ts";
import type { SchedulingOptions } from "./scheduling-options.ts";

const fingerprintedBytes = 1024 * 1024;

/** The store for evicted prefixes; null where the engine can't restore them or nobody wants them kept. */
export async function openSavedStates(
	engine: Engine,
	options: Omit<EngineOptions, "onLoadProgress">,
	scheduling: SchedulingOptions,
	log: SavedStatesOptions["log"],
): Promise<SavedStates | null> {
	const { prefixCache, hostCacheBytes } = scheduling;
	if (!prefixCache || !engine.info.canShareMemory || hostCacheBytes === 0)
		return null;
	return SavedStates.open({
		maxHostBytes: hostCacheBytes,
		directory: scheduling.prefixCacheDirectory,
		maxDiskBytes: scheduling.prefixCacheDiskBytes,
		fingerprint: fingerprint(engine, options),
		log,
	});
}

/** What must be the same for a state to mean the same: the weights, the engine's release and the cache's format. */
function fingerprint(
	{ info }: Engine,
	{
		modelPath,
		kvTypeK,
		kvTypeV,
		flashAttention,
	}: Omit<EngineOptions, "onLoadProgress">,
): string {
	const hash = createHash("sha256");
	hash.update(
		JSON.stringify([
			info.engine,
			info.version,
			kvTypeK,
			kvTypeV,
			flashAttention,
		]),
	);
	if (info.engine === "fake") return hash.update(modelPath).digest("hex");
	const file = openSync(modelPath, "r");
	try {
		const { size, mtimeMs } = fstatSync(file);
		const head = Buffer.alloc(Math.min(size, fingerprintedBytes));
		readSync(file, head, 0, head.length, 0);
		hash.update(JSON.stringify([size, mtimeMs])).update(head);
	} finally {
		closeSync(file);
	}
	return hash.digest("hex");
}
