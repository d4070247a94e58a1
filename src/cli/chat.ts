import type { Command } from "commander";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { exchange } from "./answer-printer.ts";
import { chatLoop } from "./chat-loop.ts";
import { commandSummaries } from "./command-table.ts";
import { Conversation } from "./conversation.ts";
import { exitCodes } from "./exit-codes.ts";
import {
	modelArgument,
	parseConfiguredReference,
	secretsOf,
} from "./model-sources.ts";
import { formatStart, startPrivateService } from "./private-service.ts";
import {
	isServiceUrl,
	parseServiceAddress,
	type ServiceAddress,
} from "./service-address.ts";
import { ServiceClient } from "./service-client.ts";
import { addServiceFlags, toServiceArguments } from "./service-flags.ts";
import { createStatusLine, formatLoading } from "./status-line.ts";
import { createPaint } from "./terminal.ts";

interface ChatFlags {
	url?: string;
	apiKey?: string;
	name?: string;
	system?: string;
	message?: readonly string[];
	set?: readonly string[];
	json?: boolean;
}

const defaultModel = "starter-chat";
const append = (value: string, previous: readonly string[] | undefined) => [
	...(previous ?? []),
	value,
];

export function registerChatCommand(program: Command): void {
	const command = program
		.command("chat")
		.description(commandSummaries.chat)
		.argument(
			"[model]",
			`a starter model, a file, hf://org/repo, or a service's URL (default: ${defaultModel})`,
		)
		.option(
			"--url <url>",
			"talk to this service: http://host:8000 or unix:/path",
		)
		.option(
			"--api-key <key>",
			"bearer key for the service (environment: GALLEY_API_KEY)",
		)
		.option(
			"--name <model>",
			"which of the service's models (default: the base model)",
		)
		.option("-s, --system <text>", "system message")
		.option(
			"-m, --message <text>",
			"say this instead of asking; several make a conversation",
			append,
		)
		.option(
			"--set <name=value>",
			"a setting such as temperature=0.2 (repeatable)",
			append,
		)
		.option(
			"--json",
			"print each answer as one line of JSON (with --message or piped input)",
		);
	addServiceFlags(command, "chat").action(chat);
}

async function chat(
	model: string | undefined,
	flags: ChatFlags & Record<string, unknown>,
): Promise<void> {
	const conversation = new Conversation(flags.system ?? null);
	for (const setting of flags.set ?? []) {
		const result = conversation.set(setting);
		if (result.type === "refuse")
			throw new GalleyError("invalid_configuration", result.text);
	}
	const { stdin, stdout } = process;
	const isInteractive =
		stdin.isTTY === true &&
		stdout.isTTY === true &&
		flags.message === undefined;
	const questions = isInteractive
		? []
		: (flags.message ?? [await readAll(stdin)]);
	if (!isInteractive && questions.every((question) => question.trim() === "")) {
		throw new GalleyError(
			"invalid_configuration",
			"There is nothing to say: pipe a message in, or give --message.",
		);
	}

	const url =
		flags.url ??
		(model !== undefined && isServiceUrl(model) ? model : undefined);
	if (url !== undefined) {
		const apiKey = flags.apiKey ?? process.env.GALLEY_API_KEY ?? null;
		await converse(parseServiceAddress(url), apiKey);
		return;
	}
	const starting = new AbortController();
	const interrupt = () => starting.abort();
	process.once("SIGINT", interrupt);
	const status = createStatusLine(process.stderr);
	const config = resolveServiceConfig({ flags, environment: process.env });
	const reference = parseConfiguredReference(model ?? defaultModel, config);
	try {
		status.show(formatLoading(reference.name, 0, null));
		await using service = await startPrivateService({
			model: modelArgument(reference),
			environment: secretsOf(config),
			serviceArguments: [
				`--served-model-name=${reference.name}`,
				...toServiceArguments(config, "chat"),
			],
			listenOn: "socket",
			onProgress: (progress) =>
				status.show(formatStart(reference.name, progress)),
			signal: starting.signal,
		});
		status.clear();
		process.removeListener("SIGINT", interrupt);
		await converse(service.address, null);
	} catch (error) {
		if (!starting.signal.aborted) throw error;
		process.exitCode = exitCodes.interrupted;
	} finally {
		status.clear();
		process.removeListener("SIGINT", interrupt);
	}

	async function converse(
		address: ServiceAddress,
		apiKey: string | null,
	): Promise<void> {
		await using client = new ServiceClient(address, apiKey);
		const name = flags.name ?? (await client.modelName());
		const paint = createPaint(stdout, process.env);
		if (isInteractive) {
			await chatLoop({
				client,
				conversation,
				model: name,
				input: stdin,
				output: stdout,
				paint,
			});
			return;
		}
		const controller = new AbortController();
		const stop = () => controller.abort();
		process.once("SIGINT", stop);
		const output = flags.json === true ? { write() {} } : stdout;
		const { signal } = controller;
		for (const question of questions) {
			const answer = await exchange({
				client,
				conversation,
				model: name,
				question,
				signal,
				output,
				paint,
				showsDetails: false,
			});
			if (flags.json === true)
				stdout.write(
					`${JSON.stringify({ model: name, question, ...answer })}\n`,
				);
			if (answer.wasStopped) {
				process.exitCode = exitCodes.interrupted;
				break;
			}
		}
		process.removeListener("SIGINT", stop);
	}
}

async function readAll(input: NodeJS.ReadStream): Promise<string> {
	input.setEncoding("utf8");
	let text = "";
	for await (const chunk of input) text += chunk;
	return text.trim();
}
