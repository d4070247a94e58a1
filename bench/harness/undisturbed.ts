import { CpuWatch } from "./cpu-watch.ts";

export interface Undisturbed<T> {
	value: T;
	/** Of the whole machine, used by others meanwhile: 0 to 1; null where it can't be told. */
	foreignShare: number | null;
}

/** Above this, a measurement is repeated. */
const tolerableShare = 0.1;

/**
 * Measures, and again as long as others compute at the same time, `patience` times at most; returns the least disturbed try. Every
 * contender gets the same chance.
 */
export async function undisturbed<T>(
	measure: () => Promise<T>,
	options: {
		patience: number;
		serverPid?: number | undefined;
		log: (line: string) => void;
	},
): Promise<Undisturbed<T>> {
	let best: Undisturbed<T> | null = null;
	for (let attempt = 0; attempt <= options.patience; attempt++) {
		const watch = new CpuWatch(options.serverPid);
		const value = await measure();
		const foreignShare = watch.foreignShare();
		if (best === null || (foreignShare ?? 0) < (best.foreignShare ?? 0))
			best = { value, foreignShare };
		if (foreignShare === null || foreignShare <= tolerableShare) break;
		options.log(
			`    others used ${percent(foreignShare)} of the machine${attempt < options.patience ? ": again" : ""}`,
		);
	}
	if (best === null) throw new RangeError("patience must be 0 or more");
	return best;
}

export function percent(share: number | null): string {
	return share === null ? "?" : `${Math.round(share * 100)} %`;
}
