import type { ConstrainedOutputs } from "./constrained-outputs.ts";
import type { SubmittedRequest } from "./engine-protocol.ts";

interface GrammarLoop {
	submit(request: SubmittedRequest): void;
}

/** Requests whose grammar waits for what all grammars need; that is built beside the steps, so nobody else waits. */
export class WaitingForGrammars {
	readonly #constrained: ConstrainedOutputs;
	readonly #loop: GrammarLoop;
	#requests: SubmittedRequest[] = [];

	constructor(constrained: ConstrainedOutputs, loop: GrammarLoop) {
		this.#constrained = constrained;
		this.#loop = loop;
	}

	/** True when it waits: it is submitted once more when it can go on. */
	take(request: SubmittedRequest): boolean {
		if (!request.grammar || this.#constrained.isReady) return false;
		this.#requests.push(request);
		if (this.#requests.length === 1) void this.makeReady();
		return true;
	}

	cancel(number: number): void {
		this.#requests = this.#requests.filter((one) => one.number !== number);
	}

	async makeReady(): Promise<void> {
		await this.#constrained.warm();
		const requests = this.#requests;
		this.#requests = [];
		for (const request of requests) this.#loop.submit(request);
	}
}
