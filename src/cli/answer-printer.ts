import type { AnswerTimes, Conversation } from "./conversation.ts";
import { describeAnswer } from "./conversation.ts";
import type { AnswerUsage, ServiceClient } from "./service-client.ts";
import { type Paint, type TextOutput, withoutControls } from "./terminal.ts";

export interface Exchange {
	client: ServiceClient;
	conversation: Conversation;
	model: string;
	question: string;
	signal: AbortSignal;
	output: TextOutput;
	paint: Paint;
	/** Shown while nothing has come yet. */
	showsDetails: boolean;
}

export interface Answer {
	text: string;
	reasoning: string;
	finishReason: string | null;
	usage: AnswerUsage | null;
	times: AnswerTimes;
	wasStopped: boolean;
}

/** Asks one question, prints the answer as it comes, and remembers both. Throws what the service answered instead. */
export async function exchange(options: Exchange): Promise<Answer> {
	const {
		client,
		conversation,
		model,
		question,
		signal,
		output,
		paint,
		showsDetails,
	} = options;
	const start = performance.now();
	const answer: Answer = {
		text: "",
		reasoning: "",
		finishReason: null,
		usage: null,
		times: { firstTokenMs: 0, totalMs: 0 },
		wasStopped: false,
	};
	const clean =
		output.isTTY === true ? withoutControls : (text: string) => text;
	try {
		const messages = conversation.messagesWith(question);
		for await (const part of client.chat({
			model,
			messages,
			parameters: conversation.parameters,
			signal,
		})) {
			if (part.type === "text" || part.type === "reasoning") {
				if (answer.times.firstTokenMs === 0)
					answer.times.firstTokenMs = performance.now() - start;
				if (part.type === "reasoning") {
					answer.reasoning += part.text;
					if (showsDetails) output.write(paint("dim", clean(part.text)));
					continue;
				}
				// The answer stands apart from the thoughts before it.
				if (answer.text === "" && answer.reasoning !== "" && showsDetails)
					output.write("\n\n");
				answer.text += part.text;
				output.write(clean(part.text));
			} else if (part.type === "finish") answer.finishReason = part.reason;
			else answer.usage = part.usage;
		}
	} catch (error) {
		if (!signal.aborted) {
			if (answer.text !== "") output.write("\n");
			throw error;
		}
		answer.wasStopped = true;
	}
	answer.times.totalMs = performance.now() - start;
	if (!answer.text.endsWith("\n")) output.write("\n");
	if (answer.text !== "") conversation.remember(question, answer.text);
	if (answer.usage !== null) conversation.count(answer.usage, answer.times);
	if (showsDetails)
		output.write(`${paint("dim", `[${describeEnd(answer)}]`)}\n`);
	return answer;
}

function describeEnd({
	usage,
	times,
	wasStopped,
	finishReason,
}: Answer): string {
	if (wasStopped) return "stopped";
	const figures =
		usage === null
			? `${(times.totalMs / 1000).toFixed(1)} s`
			: describeAnswer(usage, times);
	return finishReason === "length"
		? `${figures}; cut off at the limit of tokens`
		: figures;
}
