import type { ChildProcess } from "node:child_process";
import { Command, CommanderError } from "commander";
import { GalleyError } from "../core/errors.ts";
import {
	commandSummaries,
	commandTable,
	hiddenCommands,
} from "./command-table.ts";
import { CommandFailure, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { packageVersion } from "./package-version.ts";
import { createPaint, type TextOutput } from "./terminal.ts";

const afterHelp = `
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 the model can't be used,
4 a service or engine can't be reached or started, 5 the address is in use, 130 interrupted.`;

/**
 * Runs one command line (without `node` and the script) and says how the process should exit. `engineProcess` has been
 * started already where the command is sure to need one.
 */
export async function runProgram(
	words: readonly string[],
	output: { stdout: TextOutput; stderr: TextOutput } = process,
	engineProcess: ChildProcess | null = null,
): Promise<number> {
	try {
		const program = await createProgram(words, output, engineProcess);
		await program.parseAsync(words, { from: "user" });
		return typeof process.exitCode === "number"
			? process.exitCode
			: exitCodes.ok;
	} catch (error) {
		return report(error, output.stderr);
	}
}

/** Only the command that is asked for is loaded; the others stand in the help by name. */
async function createProgram(
	words: readonly string[],
	output: { stdout: TextOutput; stderr: TextOutput },
	engineProcess: ChildProcess | null,
): Promise<Command> {
	const program = new Command("galley");
	// Commands take over these settings when they are added.
	program
		.configureOutput({
			writeOut: (text) => output.stdout.write(text),
			writeErr: (text) => output.stderr.write(text),
			outputError: (text, write) => write(text.replace(/^error: /, "galley: ")),
		})
		.description("Open models as inference microservices.")
		.version(packageVersion(), "-V, --version", "show Galley's version")
		.helpOption("-h, --help", "show help")
		.helpCommand("help [command]", "show a command's help")
		.showSuggestionAfterError()
		.addHelpText("after", afterHelp)
		.exitOverride();
	const [first, second] = words.filter((word) => !word.startsWith("-"));
	const wanted = first === "help" ? second : first;
	for (const row of commandTable) {
		if (row.name === wanted) await row.register(program, engineProcess);
		else
			program.addCommand(
				new Command(row.name)
					.usage(row.usage)
					.description(commandSummaries[row.name]),
			);
	}
	const hidden = hiddenCommands.find((verb) => verb === wanted);
	if (hidden !== undefined) {
		const { registerNimVerb } = await import("./nim-verbs.ts");
		await registerNimVerb(program, hidden);
	}
	if (wanted === undefined) program.action(() => program.outputHelp());
	return program;
}

function report(error: unknown, stderr: TextOutput): number {
	// Commander has written its own message.
	if (error instanceof CommanderError)
		return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
	const paint = createPaint(stderr, process.env);
	const isForeseen =
		error instanceof GalleyError || error instanceof CommandFailure;
	const text =
		error instanceof Error
			? isForeseen
				? error.message
				: (error.stack ?? error.message)
			: String(error);
	if (text !== "") stderr.write(`${paint("red", "galley:")} ${text}\n`);
	return exitCodeOf(error);
}
