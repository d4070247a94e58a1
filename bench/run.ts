/** `npm run bench [-- NAME [FLAGS...]]`: runs one benchmark of this folder, or all of them with their defaults. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const benchmarks = {
	"api-ceiling":
		"how many chunks a second the API streams when the engine costs nothing",
	"kv-layout": "what a step costs in each layout of the KV cache",
	constrained: "what the masks of constrained decoding cost a step",
	"constrained/served":
		"what constrained requests cost a running service, as a share of its steps",
	memory: "the memory that profiles foretell against what the engine takes",
	"same-as-llama-server":
		"greedy answers and log-probabilities against llama.cpp's own server",
	"scheduler-simulation":
		"the scheduler's choices against steps that cost what was measured",
	"autoscale-simulation":
		"the autoscaler on bursts, days, noise and ramps, beside fixed numbers of replicas",
	soak: "random load for half an hour: nothing fails, memory stays flat",
	gateway:
		"what the gateway adds to a request, and how much it passes on, against a bare undici pass-through",
	"leaving-clients":
		"10,000 clients that come and leave, and what of them stays in memory",
	"routing-simulation":
		"cache hits and time to the first token when replicas are chosen by prefix",
	embeddings:
		"embeddings over HTTP, against ONNX Runtime alone and llama.cpp's server",
	ingest:
		"a site read by the RAG chatbot: where the time goes, and whether memory stays flat",
	"rag-stages":
		"time to the first token of a RAG answer, stage by stage, at 10,000 chunks",
	store:
		"hybrid search over 100,000 chunks, against the raw query of the vector index",
	"console-smoothness":
		"long tasks in the browser with 1,000 catalog entries and 100 live sequences",
	peers: "the same model and load on Galley and on llama.cpp's server",
} as const;

const [name, ...flags] = process.argv.slice(2);
const names = Object.keys(benchmarks);
if (name !== undefined && !names.includes(name)) {
	const list = Object.entries(benchmarks).map(
		([known, what]) => `  ${known.padEnd(22)} ${what}`,
	);
	console.error(
		`Usage: npm run bench [-- NAME [FLAGS...]]\n${list.join("\n")}`,
	);
	process.exitCode = 2;
} else {
	for (const chosen of name === undefined ? names : [name]) {
		const script = fileURLToPath(new URL(`${chosen}/run.ts`, import.meta.url));
		const { status } = spawnSync(
			process.execPath,
			["--import", "tsx", script, ...flags],
			{ stdio: "inherit" },
		);
		if (status !== 0) process.exitCode = status ?? 1;
	}
}
