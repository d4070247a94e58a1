import type { ChildProcess } from "node:child_process";
import type { Command } from "commander";

/** A command's modules are only loaded when it is the one that was asked for: `galley --help` needs none of them. */
export interface CommandRow {
	name: keyof typeof commandSummaries;
	usage: string;
	register(program: Command, engineProcess: ChildProcess | null): Promise<void>;
}

export const commandSummaries = {
	run: "serve a model over the OpenAI API",
	chat: "talk to a model in the terminal",
	bench: "measure a service under load",
	top: "watch a service: sequences, KV cache and rates",
	doctor: "show this machine, the engines, and what would run here",
	engines: "list, install and remove engine packages",
	version: "show versions",
} as const;

export const commandTable: readonly CommandRow[] = [
	{
		name: "run",
		usage: "run [options] [model]",
		register: async (program, engineProcess) =>
			(await import("./run.ts")).registerRunCommand(program, engineProcess),
	},
	{
		name: "chat",
		usage: "chat [options] [model]",
		register: async (program) =>
			(await import("./chat.ts")).registerChatCommand(program),
	},
	{
		name: "bench",
		usage: "bench [options] [model]",
		register: async (program) =>
			(await import("./bench.ts")).registerBenchCommand(program),
	},
	{
		name: "top",
		usage: "top [options]",
		register: async (program) =>
			(await import("./top.ts")).registerTopCommand(program),
	},
	{
		name: "doctor",
		usage: "doctor [options]",
		register: async (program) =>
			(await import("./doctor.ts")).registerDoctorCommand(program),
	},
	{
		name: "engines",
		usage: "engines <action>",
		register: async (program) =>
			(await import("./engines.ts")).registerEnginesCommand(program),
	},
	{
		name: "version",
		usage: "version [options]",
		register: async (program) =>
			(await import("./version.ts")).registerVersionCommand(program),
	},
];
