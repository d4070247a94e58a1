import { GalleyError } from "../core/errors.ts";
import { exchange } from "./answer-printer.ts";
import { ChatPrompt } from "./chat-prompt.ts";
import type { Conversation } from "./conversation.ts";
import type { ServiceClient } from "./service-client.ts";
import type { Paint } from "./terminal.ts";

export interface ChatLoopOptions {
	client: ServiceClient;
	conversation: Conversation;
	model: string;
	input: NodeJS.ReadStream;
	output: NodeJS.WriteStream;
	paint: Paint;
}

/** The conversation with a human, until they leave. */
export async function chatLoop(options: ChatLoopOptions): Promise<void> {
	const { client, conversation, model, input, output, paint } = options;
	const prompt = new ChatPrompt(input, output);
	output.write(
		`${paint("bold", model)}. /help lists the commands, /exit leaves.\n`,
	);
	/** The last thing that happened was a Ctrl-C; another one leaves. */
	let isLeaving = false;
	for (;;) {
		const line = await prompt.readMessage(
			paint("cyan", "> "),
			paint("cyan", ". "),
		);
		if (line.type === "end") return;
		if (line.type === "interrupt") {
			if (isLeaving && line.wasEmpty) return;
			isLeaving = line.wasEmpty;
			if (line.wasEmpty)
				output.write(`${paint("dim", "Ctrl-C again leaves.")}\n`);
			continue;
		}
		isLeaving = false;
		if (line.text.trim() === "") continue;
		if (line.text.trimStart().startsWith("/")) {
			const result = conversation.command(line.text);
			if (result.type === "exit") return;
			output.write(
				`${paint(result.type === "refuse" ? "yellow" : "dim", result.text)}\n`,
			);
			continue;
		}
		isLeaving = await answer(line.text);
	}

	/** Whether the human stopped it. */
	async function answer(question: string): Promise<boolean> {
		const controller = new AbortController();
		const stop = () => controller.abort();
		process.once("SIGINT", stop);
		try {
			const exchanged = await exchange({
				client,
				conversation,
				model,
				question,
				signal: controller.signal,
				output,
				paint,
				showsDetails: true,
			});
			return exchanged.wasStopped;
		} catch (error) {
			if (!(error instanceof GalleyError)) throw error;
			output.write(`${paint("red", error.message)}\n`);
			return false;
		} finally {
			process.removeListener("SIGINT", stop);
		}
	}
}
