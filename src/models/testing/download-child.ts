import { once } from "node:events";
import { ModelCache } from "../cache/model-cache.ts";
import { obtainModel } from "../download/obtain-model.ts";
import { parseModelReference } from "../model-reference.ts";
import { quickPatience } from "./download-setting.ts";

// A process that downloads one model, for tests that kill it: endpoint, cache folder, reference. Starting a process
// takes longer than these downloads, so it is started early and begins when it is told to.
const [endpoint = "", directory = "", written = ""] = process.argv.slice(2);
const reference = parseModelReference(written);
if (reference.kind !== "hub" && reference.kind !== "url")
	throw new Error(`${written} is not remote`);
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();
const { files } = await obtainModel(reference, {
	cache: new ModelCache(directory),
	hub: {
		endpoint,
		mirrors: [],
		token: null,
		proxy: null,
		patience: quickPatience,
	},
	isOffline: false,
	transfer: {
		chunkBytes: 256 * 1024,
		checkpointMs: 10,
		lockTiming: { pollMs: 10 },
	},
	onProgress: ({ otherProcess }) => {
		if (otherProcess != null)
			process.stdout.write(`waits for ${otherProcess}\n`);
	},
});
process.stdout.write(`${files[0]?.sha256}\n`);
