import { type Command, InvalidArgumentError } from "commander";
import { GalleyError } from "../core/errors.ts";
import { commandSummaries } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import {
	openFullScreen,
	type ScreenInput,
	type ScreenOutput,
} from "./full-screen.ts";
import { parseServiceAddress } from "./service-address.ts";
import { ServiceClient } from "./service-client.ts";
import { createPaint, type TextOutput } from "./terminal.ts";
import { renderFrame } from "./top-frame.ts";
import { type TopView, toTopJson } from "./top-view.ts";
import { watchService } from "./watch-service.ts";

export interface TopFlags {
	url: string;
	apiKey?: string;
	interval: number;
	once?: boolean;
	json?: boolean;
}

export function registerTopCommand(program: Command): void {
	program
		.command("top")
		.description(commandSummaries.top)
		.option(
			"--url <url>",
			"the service to watch: http://host:8000 or unix:/path",
			"http://127.0.0.1:8000",
		)
		.option(
			"--api-key <key>",
			"bearer key for the service (environment: GALLEY_API_KEY)",
		)
		.option(
			"--interval <seconds>",
			"between two looks; rates are those of the last interval",
			seconds,
			1,
		)
		.option(
			"--once",
			"print one plain frame and end (default where nobody looks)",
		)
		.option("--json", "print a line of JSON each interval")
		.addHelpText("after", "\nKeys: q quits.")
		.action(async (flags: TopFlags) => {
			const { stdin, stdout, env: environment } = process;
			const code = await runTop(flags, { stdin, stdout, environment });
			if (code !== exitCodes.ok) process.exitCode = code;
		});
}

export interface TopTerminal {
	stdin: ScreenInput;
	stdout: ScreenOutput & TextOutput;
	environment: Readonly<Record<string, string | undefined>>;
}

/** Watches until it is told to stop, and says how the process should exit. */
export async function runTop(
	flags: TopFlags,
	{ stdin, stdout, environment }: TopTerminal,
): Promise<number> {
	const address = parseServiceAddress(flags.url);
	const apiKey = flags.apiKey ?? environment.GALLEY_API_KEY ?? null;
	const controller = new AbortController();
	let exitCode: number = exitCodes.ok;
	const interrupt = () => {
		exitCode = exitCodes.interrupted;
		controller.abort();
	};
	const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
	for (const signal of signals) process.once(signal, interrupt);
	const isScreen =
		stdout.isTTY === true && flags.once !== true && flags.json !== true;
	const paint = createPaint(stdout, environment);
	try {
		await using client = new ServiceClient(address, apiKey);
		const views = watchService({
			client,
			place: address.socketPath ?? address.baseUrl,
			intervalMs: flags.interval * 1000,
			signal: controller.signal,
		});
		await (isScreen ? showOnScreen(views) : print(views));
	} catch (error) {
		throw withFix(error);
	} finally {
		for (const signal of signals) process.off(signal, interrupt);
	}
	return exitCode;

	async function showOnScreen(views: AsyncGenerator<TopView>): Promise<void> {
		// The first look comes before: that nobody is there is said on the normal screen.
		const first = await views.next();
		if (first.done === true) return;
		let view = first.value;
		const draw = () => {
			const { columns, rows } = screen;
			screen.draw(renderFrame(view, { columns, rows, paint, hint: "q quits" }));
		};
		using screen = openFullScreen({
			output: stdout,
			input: stdin,
			onKey: (key) => {
				if (key === "q" || key === "Q") controller.abort();
				// In raw mode Ctrl-C is a key like any other.
				if (key === "\u0003") interrupt();
			},
			onResize: draw,
		});
		draw();
		for await (const next of views) {
			view = next;
			draw();
		}
	}

	async function print(views: AsyncIterable<TopView>): Promise<void> {
		const columns = stdout.columns ?? 120;
		let looks = 0;
		for await (const view of views) {
			// The first look has no rates yet.
			if (looks++ === 0) continue;
			const options = { columns, rows: Infinity, paint, hint: null };
			const text =
				flags.json === true
					? toTopJson(view, new Date())
					: renderFrame(view, options).join("\n");
			stdout.write(`${text}\n`);
			if (flags.once === true || flags.json !== true) return;
		}
	}
}

/** Refused connections are what newcomers meet first. */
function withFix(error: unknown): unknown {
	if (!(error instanceof GalleyError) || error.code !== "engine_unavailable")
		return error;
	const fix = "Start one with `galley run MODEL`, or name another with --url.";
	return new GalleyError(error.code, `${error.message} ${fix}`, {
		cause: error,
	});
}

function seconds(text: string): number {
	const value = text.trim() === "" ? Number.NaN : Number(text);
	if (!(value >= 0.1 && value <= 3600))
		throw new InvalidArgumentError("Write seconds, from 0.1 to 3600.");
	return value;
}
