#!/usr/bin/env node
import { runProgram } from "./program.ts";

// `galley doctor | head -1` closes the pipe early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});

process.exitCode = await runProgram(process.argv.slice(2));
// A channel to the program that started this one must not keep it alive.
process.channel?.unref();
