import { parentPort } from "node:worker_threads";
import type { RawDocument } from "./document.ts";
import { extractDocument } from "./extract-document.ts";

// Pages come from strangers: a parser that never ends, or that takes all memory, ends with this thread.
parentPort?.on("message", async (raw: RawDocument) => {
	try {
		const document = await extractDocument(raw);
		parentPort?.postMessage({ document });
	} catch (error) {
		parentPort?.postMessage({
			problem: error instanceof Error ? error.message : String(error),
		});
	}
});
