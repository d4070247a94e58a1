/** `npx tsx bench/peers/build.ts [--jobs N]`: builds the llama.cpp programs that Galley is compared with. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import {
	buildLlamaPeer,
	findLlamaPeer,
	llamaRelease,
	peerDirectory,
} from "./llama-peer.ts";

const { values } = parseArgs({ options: { jobs: { type: "string" } } });
const jobs = Number(values.jobs ?? availableParallelism());
if (findLlamaPeer() !== null) {
	console.log(`llama.cpp ${llamaRelease} is built: ${peerDirectory()}`);
} else {
	try {
		const { server } = await buildLlamaPeer(jobs);
		console.log(`Built ${server}`);
	} catch (error) {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	}
}
