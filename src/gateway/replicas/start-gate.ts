/** Lets a few begin at a time: loading models side by side on two cores takes each of them longer than one after the other. */
export class StartGate {
	readonly #most: number;
	#inside = 0;
	readonly #waiting: (() => void)[] = [];

	constructor(most: number) {
		this.#most = most;
	}

	/** Resolves what is to be called when it has begun. A signal that aborts gives the place up. */
	async enter(signal: AbortSignal): Promise<() => void> {
		if (this.#inside >= this.#most) {
			await new Promise<void>((resolve) => {
				const go = () => {
					signal.removeEventListener("abort", leave);
					resolve();
				};
				const leave = () => {
					const place = this.#waiting.indexOf(go);
					if (place !== -1) this.#waiting.splice(place, 1);
					resolve();
				};
				this.#waiting.push(go);
				signal.addEventListener("abort", leave, { once: true });
			});
		}
		if (signal.aborted) return () => undefined;
		this.#inside++;
		let hasLeft = false;
		return () => {
			if (hasLeft) return;
			hasLeft = true;
			this.#inside--;
			this.#waiting.shift()?.();
		};
	}
}
