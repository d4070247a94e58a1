import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import type {
	EngineMessage,
	HostMessage,
	LoadReport,
	StepReport,
	SubmittedRequest,
} from "../engine-protocol.ts";

/** An engine process that says what a test tells it to, in place of a real one. */
export class EngineDouble extends EventEmitter {
	readonly heard: HostMessage[] = [];
	readonly connected = true;
	readonly pid = 1;
	exitCode: number | null = null;
	readonly signalCode = null;

	get asChildProcess(): ChildProcess {
		return this as unknown as ChildProcess;
	}

	get submitted(): SubmittedRequest[] {
		return this.heard.flatMap((message) =>
			message.type === "submit" ? [message.request] : [],
		);
	}

	get cancelled(): number[] {
		return this.heard.flatMap((message) =>
			message.type === "cancel" ? [message.number] : [],
		);
	}

	send(message: HostMessage): boolean {
		this.heard.push(message);
		if (message.type === "shutdown") this.die();
		return true;
	}

	say(message: EngineMessage): void {
		this.emit("message", message);
	}

	ready(): void {
		this.say({
			type: "ready",
			info: {
				engine: "double",
				version: "1",
				devices: ["CPU"],
				vocabularySize: 300,
				contextLength: 1000,
				maxSequences: 2,
				sequenceSlots: 2,
				kvCells: 1000,
				kvLayout: "unified",
				maxBatchTokens: 64,
				attentionTile: 0,
				canShareMemory: true,
				modelBytes: 0,
				kvBytes: 0,
			},
		});
	}

	step(given: Partial<StepReport>): void {
		this.say({
			type: "step",
			started: [],
			tokens: Int32Array.of(),
			logprobs: null,
			promptLogprobs: [],
			ended: [],
			statistics: {
				seconds: 0.01,
				prefillTokens: 0,
				decodeTokens: 1,
				draftedTokens: 0,
				acceptedTokens: 0,
				preemptions: 0,
				evictedTokens: 0,
				savedTokens: 0,
				restoredTokens: 0,
				constraintSeconds: 0,
				constrainedTokens: 0,
			},
			load: idleLoad,
			...given,
		});
	}

	die(): void {
		this.exitCode = 1;
		this.emit("exit", 1, null);
	}
}

export const idleLoad: LoadReport = Object.freeze({
	running: 0,
	waiting: 0,
	waitingFor: { slot: 0, memory: 0, prefix: 0 },
	kvCacheUsage: 0.25,
	retainedTokens: 30,
	savedTokens: 40,
	kvLayout: "streams",
	targetItlMs: 50,
	residentBytes: 0,
});
