import type { ChildProcess } from "node:child_process";
import type { Command } from "commander";
import type { NimVerb } from "./nim-verbs.ts";

/** A command's modules are only loaded when it is the one that was asked for: `galley --help` needs none of them. */
export interface CommandRow {
	name: keyof typeof commandSummaries;
	usage: string;
	register(program: Command, engineProcess: ChildProcess | null): Promise<void>;
}

export const commandSummaries = {
	run: "serve a model over the OpenAI API",
	up: "start a fleet: services, and one gateway in front of them",
	ps: "show a fleet: services, replicas, applications",
	logs: "show what a service of a fleet writes",
	restart: "replace a service's replicas without losing a request",
	scale: "set how many replicas a service has",
	down: "end a fleet: finish what runs, then stop everything",
	keys: "make, list, change, replace and revoke keys of a gateway",
	usage: "show what a gateway's keys used, and what it cost",
	chat: "talk to a model in the terminal",
	bench: "measure a service under load",
	evaluate: "ask a model your own questions and score the answers",
	top: "watch a service: sequences, KV cache and rates",
	catalog: "find a model: search, show a model card, check entries of your own",
	pull: "download a model into the cache",
	list: "list the models on this machine",
	show: "show what a model is: size, context, licence, files",
	profiles: "show the ways a model can run here",
	optimize: "measure the ways a model can run here, and keep the best",
	convert: "convert safetensors to GGUF",
	verify: "check a model's files against their digests",
	rm: "remove a model from the cache",
	export: "write a model into one file, for a machine without network",
	import: "take a model out of such a file",
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
		name: "up",
		usage: "up [options] [file]",
		register: async (program) =>
			(await import("./up.ts")).registerUpCommand(program),
	},
	{
		name: "ps",
		usage: "ps [options]",
		register: async (program) =>
			(await import("./ps.ts")).registerPsCommand(program),
	},
	{
		name: "logs",
		usage: "logs [options] <service>",
		register: async (program) =>
			(await import("./logs.ts")).registerLogsCommand(program),
	},
	{
		name: "restart",
		usage: "restart [options] <service>",
		register: async (program) =>
			(await import("./restart.ts")).registerRestartCommand(program),
	},
	{
		name: "scale",
		usage: "scale [options] <service> <replicas>",
		register: async (program) =>
			(await import("./scale.ts")).registerScaleCommand(program),
	},
	{
		name: "down",
		usage: "down [options]",
		register: async (program) =>
			(await import("./down.ts")).registerDownCommand(program),
	},
	{
		name: "keys",
		usage: "keys <action>",
		register: async (program) =>
			(await import("./keys.ts")).registerKeysCommand(program),
	},
	{
		name: "usage",
		usage: "usage [options]",
		register: async (program) =>
			(await import("./usage.ts")).registerUsageCommand(program),
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
		name: "evaluate",
		usage: "evaluate [options] <file>",
		register: async (program) =>
			(await import("./evaluate.ts")).registerEvaluateCommand(program),
	},
	{
		name: "top",
		usage: "top [options]",
		register: async (program) =>
			(await import("./top.ts")).registerTopCommand(program),
	},
	{
		name: "catalog",
		usage: "catalog <action>",
		register: async (program) =>
			(await import("./catalog.ts")).registerCatalogCommand(program),
	},
	{
		name: "pull",
		usage: "pull [options] <model>",
		register: async (program) =>
			(await import("./pull.ts")).registerPullCommand(program),
	},
	{
		name: "list",
		usage: "list [options]",
		register: async (program) =>
			(await import("./list.ts")).registerListCommand(program),
	},
	{
		name: "show",
		usage: "show [options] <model>",
		register: async (program) =>
			(await import("./show.ts")).registerShowCommand(program),
	},
	{
		name: "profiles",
		usage: "profiles [options] <model>",
		register: async (program) =>
			(await import("./profiles.ts")).registerProfilesCommand(program),
	},
	{
		name: "optimize",
		usage: "optimize [options] <model>",
		register: async (program) =>
			(await import("./optimize.ts")).registerOptimizeCommand(program),
	},
	{
		name: "convert",
		usage: "convert [options] <directory>",
		register: async (program) =>
			(await import("./convert.ts")).registerConvertCommand(program),
	},
	{
		name: "verify",
		usage: "verify [options] [model]",
		register: async (program) =>
			(await import("./verify.ts")).registerVerifyCommand(program),
	},
	{
		name: "rm",
		usage: "rm [options] <model>",
		register: async (program) =>
			(await import("./rm.ts")).registerRmCommand(program),
	},
	{
		name: "export",
		usage: "export [options] <model> <file>",
		register: async (program) =>
			(await import("./export.ts")).registerExportCommand(program),
	},
	{
		name: "import",
		usage: "import [options] <file>",
		register: async (program) =>
			(await import("./import.ts")).registerImportCommand(program),
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

/** Other programs' words for ours: they work, and help doesn't show them. */
export const hiddenCommands: readonly NimVerb[] = [
	"list-model-profiles",
	"download-to-cache",
	"create-model-store",
];
