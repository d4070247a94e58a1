import { GalleyError } from "../core/errors.ts";

/** What every engine refuses by its state: use while computing, use after dispose, dispose before its samplers. */
export class EngineLife<Child extends Disposable> {
	readonly #children = new Set<Child>();
	#isRunning = false;
	#isDisposed = false;

	get isRunning(): boolean {
		return this.#isRunning;
	}

	assertAlive(): void {
		if (!this.#isDisposed) return;
		throw new GalleyError(
			"engine_error",
			"The engine is disposed; load it again.",
		);
	}

	assertIdle(): void {
		this.assertAlive();
		if (!this.#isRunning) return;
		throw new GalleyError(
			"engine_error",
			"The engine is computing: await the run first.",
		);
	}

	/** One run at a time; nothing else happens meanwhile. */
	async during<Result>(run: () => Promise<Result>): Promise<Result> {
		this.assertIdle();
		this.#isRunning = true;
		try {
			return await run();
		} finally {
			this.#isRunning = false;
		}
	}

	adopt(child: Child): Child {
		this.#children.add(child);
		return child;
	}

	release(child: Child): void {
		this.#children.delete(child);
	}

	/** False when it has ended before. */
	end(): boolean {
		if (this.#isDisposed) return false;
		if (this.#isRunning) {
			throw new GalleyError(
				"engine_error",
				"The engine is computing: abort the run and await it first.",
			);
		}
		if (this.#children.size > 0) {
			throw new GalleyError(
				"engine_error",
				`The engine has ${this.#children.size} samplers: dispose them first.`,
			);
		}
		this.#isDisposed = true;
		return true;
	}
}
