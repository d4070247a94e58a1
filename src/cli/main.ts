#!/usr/bin/env node
import { forkEngineProcess } from "../runtime/engine-child.ts";

const words = process.argv.slice(2);
// A service needs a second process, which takes as long to wake up as this one to read its command line and
// configuration: it is started before anything else is imported. When there is nothing to serve it ends with us.
const engineProcess =
	words[0] === "run" &&
	!words.some((word) => ["-h", "--help", "--dry-run"].includes(word))
		? forkEngineProcess()
		: null;
const { runProgram } = await import("./program.ts");

// `galley doctor | head -1` closes the pipe early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});

process.exitCode = await runProgram(words, process, engineProcess);
if (engineProcess?.connected) engineProcess.disconnect();
// A channel to the program that started this one must not keep it alive.
process.channel?.unref();
