import { nearestName } from "../core/nearest-name.ts";
import type { AnswerUsage, ChatTurn } from "./service-client.ts";

/** What `/set` knows: names of the API's fields, and what their values are. */
const parameterKinds: ReadonlyMap<string, "number" | "whole" | "text"> =
	new Map([
		["temperature", "number"],
		["top_p", "number"],
		["top_k", "whole"],
		["min_p", "number"],
		["max_tokens", "whole"],
		["seed", "whole"],
		["stop", "text"],
		["repetition_penalty", "number"],
		["presence_penalty", "number"],
		["frequency_penalty", "number"],
	]);

const chatHelp = `/help                 this
/clear                forget the conversation, keep the settings
/system [TEXT]        show or set the system message, and begin anew
/set [NAME [VALUE]]   show settings, or set one: /set temperature 0.2
/stats                tokens and times so far
/exit                 leave (so do /quit and Ctrl-D)
Ctrl-C stops an answer; a second one leaves. """ begins and ends a message of several lines.`;

export interface AnswerTimes {
	/** From sending to the first text. */
	firstTokenMs: number;
	/** From sending to the end. */
	totalMs: number;
}

interface Totals {
	answers: number;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	totalMs: number;
}

export type CommandResult =
	| { type: "say"; text: string }
	| { type: "refuse"; text: string }
	| { type: "exit" };

/** The state of a chat in the terminal: what was said, with which settings, and what it cost. No input or output. */
export class Conversation {
	#system: string | null;
	#turns: ChatTurn[] = [];
	readonly #parameters = new Map<string, number | string>();
	#totals: Totals = emptyTotals();

	constructor(system: string | null = null) {
		this.#system = system;
	}

	get parameters(): Readonly<Record<string, number | string>> {
		return Object.fromEntries(this.#parameters);
	}

	/** What to send for one more message of the user. */
	messagesWith(text: string): ChatTurn[] {
		const system: ChatTurn[] =
			this.#system === null ? [] : [{ role: "system", content: this.#system }];
		return [...system, ...this.#turns, { role: "user", content: text }];
	}

	/** An exchange that failed before any answer is never remembered, so that it can be tried again. */
	remember(question: string, answer: string): void {
		this.#turns.push(
			{ role: "user", content: question },
			{ role: "assistant", content: answer },
		);
	}

	count(usage: AnswerUsage, times: AnswerTimes): void {
		this.#totals.answers += 1;
		this.#totals.promptTokens += usage.promptTokens;
		this.#totals.cachedTokens += usage.cachedTokens;
		this.#totals.completionTokens += usage.completionTokens;
		this.#totals.totalMs += times.totalMs;
	}

	/** A line that begins with a slash. */
	command(line: string): CommandResult {
		const [, name = "", rest = ""] =
			/^\/(\S*)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
		switch (name.toLowerCase()) {
			case "help":
			case "?":
			case "":
				return say(chatHelp);
			case "clear":
				this.#turns = [];
				return say("The conversation is forgotten.");
			case "system":
				return this.#setSystem(rest.trim());
			case "set":
				return this.set(rest);
			case "stats":
				return say(this.#describeTotals());
			case "exit":
			case "quit":
			case "bye":
				return { type: "exit" };
			default: {
				const nearest = nearestName(name, [
					"help",
					"clear",
					"system",
					"set",
					"stats",
					"exit",
				]);
				return refuse(
					`There is no command /${name}; ${nearest === null ? "/help lists them" : `did you mean /${nearest}?`}`,
				);
			}
		}
	}

	/** `temperature 0.2` or `temperature=0.2`; `temperature default` takes it back. */
	set(text: string): CommandResult {
		const [, name, value] =
			/^\s*([^\s=]+)(?:[\s=]+([\s\S]*\S))?\s*$/.exec(text) ?? [];
		if (name === undefined) return say(this.#describeParameters());
		const kind = parameterKinds.get(name);
		if (kind === undefined) {
			const nearest = nearestName(name, parameterKinds.keys());
			const advice =
				nearest === null
					? `known are ${[...parameterKinds.keys()].join(", ")}`
					: `did you mean ${nearest}?`;
			return refuse(`There is no setting "${name}"; ${advice}`);
		}
		if (value === undefined)
			return say(
				`${name} is ${this.#parameters.get(name) ?? "the model's default"}.`,
			);
		if (value === "default") {
			this.#parameters.delete(name);
			return say(`${name} is the model's default.`);
		}
		const number = Number(value);
		const isWrong =
			kind !== "text" &&
			(!Number.isFinite(number) ||
				(kind === "whole" && !Number.isInteger(number)));
		if (isWrong)
			return refuse(
				`${name} must be a ${kind === "whole" ? "whole " : ""}number, not "${value}".`,
			);
		this.#parameters.set(name, kind === "text" ? value : number);
		return say(`${name} is ${value}.`);
	}

	#setSystem(text: string): CommandResult {
		if (text === "")
			return say(
				this.#system === null
					? "There is no system message."
					: `System: ${this.#system}`,
			);
		this.#system = text;
		this.#turns = [];
		return say("The system message is set, and the conversation begins anew.");
	}

	#describeParameters(): string {
		if (this.#parameters.size === 0)
			return "All settings are the model's defaults.";
		return [...this.#parameters]
			.map(([name, value]) => `${name} ${value}`)
			.join("\n");
	}

	#describeTotals(): string {
		const { answers, promptTokens, cachedTokens, completionTokens, totalMs } =
			this.#totals;
		if (answers === 0) return "Nothing has been answered yet.";
		const cached =
			cachedTokens === 0 ? "" : `, ${cachedTokens} of them from the cache`;
		return (
			`${answers} ${answers === 1 ? "answer" : "answers"} in ${(totalMs / 1000).toFixed(1)} s: ` +
			`${promptTokens} tokens in${cached}, ${completionTokens} out.`
		);
	}
}

/** `42 tokens, 31.5 tokens/s, first after 0.21 s` */
export function describeAnswer(usage: AnswerUsage, times: AnswerTimes): string {
	const first = `first after ${(times.firstTokenMs / 1000).toFixed(2)} s`;
	const count = `${usage.completionTokens} ${usage.completionTokens === 1 ? "token" : "tokens"}`;
	const decodeMs = times.totalMs - times.firstTokenMs;
	if (usage.completionTokens < 2 || decodeMs <= 0) return `${count}, ${first}`;
	// The first token is prefill's, as in the definition of TPOT.
	return `${count}, ${(((usage.completionTokens - 1) / decodeMs) * 1000).toFixed(1)} tokens/s, ${first}`;
}

function emptyTotals(): Totals {
	return {
		answers: 0,
		promptTokens: 0,
		cachedTokens: 0,
		completionTokens: 0,
		totalMs: 0,
	};
}

function say(text: string): CommandResult {
	return { type: "say", text };
}

function refuse(text: string): CommandResult {
	return { type: "refuse", text };
}
