/**
 * `npm run bench -- soak [--minutes N] [--model FILE] [--out DIRECTORY]`
 * Random load with cancels, disconnects and refusals for a long time: every answer must end, the engine must never restart
 * (it checks its books whenever it goes idle and dies when they do not balance), and memory must stay flat.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet } from "../harness/server-process.ts";
import { galley } from "../peers/contenders.ts";

const topics = ["ships", "a river", "my cat", "seven towns", "an old clock"];
const system =
	"You are a patient helper. Answer in plain words, say when you are not sure, and never make anything up. ";

interface Counts {
	sent: number;
	finished: number;
	broken: number;
	refused: number;
	failed: number;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			minutes: { type: "string", default: "30" },
			model: {
				type: "string",
				default: fileURLToPath(
					new URL(
						"../../models/starter-chat/starter-chat-q8_0.gguf",
						import.meta.url,
					),
				),
			},
			out: {
				type: "string",
				default: fileURLToPath(new URL("../results", import.meta.url)),
			},
		},
	});
	const minutes = Number(values.minutes);
	const environment = describeEnvironment();
	await using fleet = new ServerFleet();
	const server = await fleet.start(
		galley(
			{
				galleyMain: fileURLToPath(
					new URL("../../dist/cli/main.js", import.meta.url),
				),
				modelPath: values.model,
				threads: 1,
				sequences: 8,
				contextLength: 512,
			},
			{
				name: "galley",
				flags: ["--kv-cache-tokens", "1536", "--host-cache-bytes", "64MiB"],
			},
		),
	);
	const random = createRandomSource(20_261_122);
	const counts: Counts = {
		sent: 0,
		finished: 0,
		broken: 0,
		refused: 0,
		failed: 0,
	};
	const memory: number[][] = [];
	const startedAt = Date.now();
	const endAt = startedAt + minutes * 60_000;
	const note = () => {
		const seconds = Math.round((Date.now() - startedAt) / 1000);
		const processes = server.memory().map(({ residentBytes }) => residentBytes);
		memory.push([seconds, ...processes]);
		console.log(seconds, JSON.stringify(counts), processes.join(" "));
	};
	const clock = setInterval(note, 30_000);
	const clients = Array.from({ length: 12 }, async () => {
		while (Date.now() < endAt) {
			await ask(server.url, random, counts);
			// Pauses now and then, so that the engine goes idle and checks its books.
			const pause = random.between(0, 9) === 0 ? random.between(0, 1500) : 5;
			await new Promise((resolve) => setTimeout(resolve, pause));
		}
	});
	await Promise.all(clients);
	clearInterval(clock);
	note();
	const metrics = await (await fetch(`${server.url}/v1/metrics`)).text();
	const read = (name: string) =>
		metrics
			.split("\n")
			.filter((line) => line.startsWith(`galley:${name}{`))
			.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
	await server.stop();
	const restarts = read("engine_restarts_total");
	const middle = memory[Math.floor(memory.length / 4)] ?? [];
	const last = memory.at(-1) ?? [];
	const result = writeResult(
		values.out,
		{ suite: "soak", title: "Soak: random load for a long time", environment },
		{
			conditions: [
				`${minutes} minutes, 12 clients, one thread; streamed and whole answers, 1 to 3 choices, a third broken off on the way`,
				`\`${server.commandLine}\``,
			],
			tables: [
				{
					title: "Requests",
					head: ["sent", "finished", "broken off", "refused", "failed"],
					rows: [[...Object.values(counts)].map(String)],
				},
				{
					title: "Engine",
					head: [
						"restarts",
						"preemptions",
						"tokens evicted",
						"tokens cached",
						"drafted",
						"accepted",
					],
					rows: [
						[
							restarts,
							read("num_preemptions_total"),
							read("kv_tokens_evicted_total"),
							read("prefix_cache_hits_total"),
							read("spec_decode_num_draft_tokens_total"),
							read("spec_decode_num_accepted_tokens_total"),
						].map(String),
					],
				},
				{
					title: "Resident memory, MB",
					head: ["", "after a quarter", "at the end"],
					rows: ["HTTP process", "engine process"].map((name, index) => [
						name,
						((middle[index + 1] ?? 0) / 1e6).toFixed(0),
						((last[index + 1] ?? 0) / 1e6).toFixed(0),
					]),
				},
			],
			notes: [
				"The engine checks its books whenever it goes idle and ends when they do not balance: no restarts, no fault found.",
			],
			data: { counts, memory },
		},
	);
	console.log(result);
	if (restarts > 0 || counts.failed > 0) process.exitCode = 1;
}

async function ask(
	url: string,
	random: ReturnType<typeof createRandomSource>,
	counts: Counts,
): Promise<void> {
	const topic = topics[random.between(0, topics.length - 1)] ?? "";
	const words = "and then what ".repeat(random.between(0, 40));
	const breaksOff = random.between(0, 2) === 0;
	const controller = new AbortController();
	const timer = breaksOff
		? setTimeout(() => controller.abort(), random.between(1, 400))
		: null;
	counts.sent++;
	try {
		const response = await fetch(`${url}/v1/chat/completions`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({
				model: "starter-chat-q8_0",
				messages: [
					{ role: "system", content: system.repeat(random.between(0, 2)) },
					{ role: "user", content: `Tell me about ${topic} ${words}` },
				],
				stream: random.between(0, 1) === 0,
				n: random.between(0, 4) === 0 ? 3 : 1,
				max_tokens: random.between(1, 120),
				temperature: random.between(0, 1),
				user: `user ${random.between(0, 3)}`,
			}),
			signal: controller.signal,
		});
		const text = await response.text();
		if (response.status === 429) counts.refused++;
		else if (response.status !== 200 || text.includes('"error"')) {
			counts.failed++;
			console.log(response.status, text.slice(0, 300));
		} else counts.finished++;
	} catch (thrown) {
		if (controller.signal.aborted) counts.broken++;
		else {
			counts.failed++;
			console.log(String(thrown));
		}
	} finally {
		if (timer !== null) clearTimeout(timer);
	}
}

await main();
