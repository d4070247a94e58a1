import { median } from "../../../../src/benchmark/statistics.ts";
import type { ServerCommand } from "../../../harness/server-process.ts";
import { galley, llamaServer, type ServeOptions } from "../../contenders.ts";
import {
	type LongPromptRun,
	longPromptTables,
	longPromptVerdicts,
	targetSteps,
} from "./long-prompt-tables.ts";
import {
	type CaseContext,
	contestInTurns,
	type SchedulerCase,
} from "./scheduler-case.ts";
import { demand, Session } from "./session.ts";
import { VictimStreams } from "./victim-streams.ts";

const victims = 4;
const victimTokens = 64;
const newcomerOutputTokens = 8;
/** A long prompt arrives while others read along. */
export const longPrompt: SchedulerCase = {
	names: ["long-prompt"],
	conditions: (context) => [
		`${victims} streams decode, then a prompt of ${newcomerTokens(context)} tokens arrives; TTFT alone is measured on the same server with another prompt; gaps count from its sending to its first token`,
		`Galley is told --target-itl-ms = ${targetSteps} x its undisturbed step, measured on a server started before; llama-server has no such target: it runs with its defaults and with -b 32, which bounds its steps`,
	],
	run: async (context) => {
		const serve: ServeOptions = {
			...context,
			modelPath: context.model.path,
			sequences: victims + 1,
			contextLength: context.isQuick ? 2048 : 4608,
		};
		const rivals = [
			llamaServer(context.peer, serve, "kv-unified"),
			llamaServer(context.peer, serve, "no-kv-unified"),
			llamaServer(context.peer, serve, "kv-unified", {
				name: "-b 32",
				flags: ["-b", "32"],
			}),
		];
		const undisturbedMs = await measureUndisturbed(context, galley(serve));
		const targetMs = Math.max(1, Math.round(targetSteps * undisturbedMs));
		context.log(
			`  Galley undisturbed: ${undisturbedMs.toFixed(1)} ms a step, target ${targetMs} ms`,
		);
		const flags = context.galleyFlags.take("--target-itl-ms", targetMs);
		const contests = [galley(serve, { flags }), ...rivals].map((server) => ({
			server,
			measure: ({ url }: { url: string }) =>
				measureNewcomer(
					context,
					url,
					server.name === "galley" ? targetMs : null,
				),
		}));
		const runs = await contestInTurns(
			context,
			contests,
			(run) =>
				`step ${run.undisturbedMs.toFixed(1)} ms, longest gap ${Math.max(...run.gapsMs).toFixed(0)} ms, TTFT ${(run.besideMs / 1000).toFixed(2)} s, alone ${(run.aloneMs / 1000).toFixed(2)} s`,
		);
		return {
			verdicts: longPromptVerdicts(runs),
			tables: longPromptTables(runs),
			notes: [],
			runs,
		};
	},
};

function newcomerTokens({ isQuick }: CaseContext): number {
	return isQuick ? 1000 : 4000;
}

async function measureUndisturbed(
	context: CaseContext,
	command: ServerCommand,
): Promise<number> {
	const server = await context.fleet.start(command);
	try {
		await using session = await Session.open(server.url);
		await using streams = await VictimStreams.start(session, {
			streams: victims,
			inputTokens: victimTokens,
			outputTokens: streamLength(context),
		});
		return median(await watchStreams(context, streams));
	} finally {
		await server.stop();
	}
}

async function measureNewcomer(
	context: CaseContext,
	url: string,
	targetMs: number | null,
): Promise<LongPromptRun> {
	await using session = await Session.open(url);
	const send = () =>
		session.stream(
			session.nextBody(newcomerTokens(context), newcomerOutputTokens),
		);
	const alone = demand(await send());
	await using streams = await VictimStreams.start(session, {
		streams: victims,
		inputTokens: victimTokens,
		outputTokens: streamLength(context),
	});
	const undisturbedMs = median(await watchStreams(context, streams));
	const sentAt = performance.now();
	const beside = demand(await send());
	const gapsMs = streams.gaps(sentAt, sentAt + (beside.ttftMs ?? 0));
	streams.check();
	return {
		undisturbedMs,
		targetMs,
		aloneMs: alone.ttftMs ?? Number.NaN,
		besideMs: beside.ttftMs ?? Number.NaN,
		gapsMs,
	};
}

/** Long enough that no stream ends before the newcomer has its first token; it is broken off then. */
function streamLength({ isQuick }: CaseContext): number {
	return isQuick ? 1900 : 4400;
}

async function watchStreams(
	{ isQuick }: CaseContext,
	streams: VictimStreams,
): Promise<number[]> {
	const startedAt = performance.now();
	await new Promise((resolve) => setTimeout(resolve, isQuick ? 1000 : 3000));
	return streams.gaps(startedAt, performance.now());
}
