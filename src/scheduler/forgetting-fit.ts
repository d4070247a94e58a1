/**
 * Least squares that learns for ever, with coefficients that are never negative. Kept are the sums of a normal equation
 * (information A = sum of z zᵀ, moment b = sum of z y), not their inverse: the inverse of recursive least squares
 * grows without bound in directions that nothing excites, these sums don't.
 *
 * Forgetting is directional (after Cao and Schwartz, "A directional forgetting algorithm based on the decomposition of the
 * information matrix", Automatica 36, 2000): an observation replaces old knowledge only in its own direction, so an
 * hour of steps that only decode does not wear away what is known of prefill:
 *
 *     A <- A - f (A z)(A z)ᵀ / (zᵀ A z) + w z zᵀ        b <- b - f (A z)(zᵀ b) / (zᵀ A z) + w z y
 *
 * What nothing was ever learned of is decided by a ridge towards the same prior for every coefficient.
 */
export class ForgettingFit {
	readonly #size: number;
	/** Share of the old knowledge in an observation's direction that the observation replaces. */
	readonly #forgetting: number;
	/** Row by row. */
	readonly #information: Float64Array;
	readonly #moment: Float64Array;
	/** Scratch: the matrix with its ridge, its Cholesky factor, and A z. */
	readonly #regular: Float64Array;
	readonly #factor: Float64Array;
	readonly #product: Float64Array;

	constructor(size: number, forgetting: number) {
		this.#size = size;
		this.#forgetting = forgetting;
		this.#information = new Float64Array(size * size);
		this.#moment = new Float64Array(size);
		this.#regular = new Float64Array(size * size);
		this.#factor = new Float64Array(size * size);
		this.#product = new Float64Array(size);
	}

	/** One observation: `value` was seen where `features` (z) were. `trust` (0 to 1) scales what it teaches and replaces. */
	add(
		features: Float64Array,
		value: number,
		weight: number,
		trust: number,
	): void {
		const n = this.#size;
		const A = this.#information;
		const b = this.#moment;
		const Az = this.#product;
		let known = 0;
		let moment = 0;
		let length = 0;
		let trace = 0;
		for (let i = 0; i < n; i++) {
			let sum = 0;
			for (let j = 0; j < n; j++) sum += at(A, i * n + j) * at(features, j);
			Az[i] = sum;
			known += sum * at(features, i);
			moment += at(b, i) * at(features, i);
			length += at(features, i) ** 2;
			trace += at(A, i * n + i);
		}
		// Hardly anything is known in this direction: there is nothing to replace, and the division would be by noise.
		const share =
			known > 1e-12 * trace * length ? (this.#forgetting * trust) / known : 0;
		const gain = weight * trust;
		for (let i = 0; i < n; i++) {
			const z = at(features, i);
			b[i] = at(b, i) - share * at(Az, i) * moment + gain * z * value;
			for (let j = 0; j < n; j++) {
				A[i * n + j] =
					at(A, i * n + j) -
					share * at(Az, i) * at(Az, j) +
					gain * z * at(features, j);
			}
			// Rounding must not turn "nothing is known" into "less than nothing".
			A[i * n + i] = Math.max(0, at(A, i * n + i));
		}
	}

	/** Everything seen so far counts as if its value had been `factor` times as high, with the same relative weight. */
	rescale(factor: number): void {
		for (let i = 0; i < this.#information.length; i++)
			this.#information[i] = at(this.#information, i) / factor ** 2;
		for (let i = 0; i < this.#size; i++)
			this.#moment[i] = at(this.#moment, i) / factor;
	}

	/**
	 * How uncertain the fit is at `features`, as a share of one observation's own uncertainty: 0.05 after twenty such
	 * observations, above 1 where nothing like it was seen.
	 */
	leverage(features: Float64Array, weight: number, ridge: number): number {
		this.#regularise(ridge);
		const all = Array.from(features, (_, index) => index);
		const solution = this.#solve(all, features);
		return all.reduce(
			(sum, i) => sum + weight * at(features, i) * at(solution, i),
			0,
		);
	}

	/**
	 * The coefficients u >= 0 that minimise uᵀ A u - 2 bᵀ u + ridge |u - prior|²: non-negative least squares by active sets
	 * (Lawson and Hanson, "Solving Least Squares Problems", 1974, chapter 23). Written into `coefficients`.
	 */
	solve(prior: number, ridge: number, coefficients: Float64Array): void {
		const n = this.#size;
		this.#regularise(ridge);
		const target = this.#moment.map((moment) => moment + ridge * prior);
		coefficients.fill(0);
		let free: number[] = [];
		// Each round frees one coefficient; a few more than there are cover those that are bound again in between.
		for (let round = 0; round < 3 * n; round++) {
			const next = this.#steepest(target, coefficients, free);
			if (next === -1) return;
			free.push(next);
			free = this.#descend(target, coefficients, free);
		}
	}

	/** The bound coefficient that most wants to grow; -1 when none does. */
	#steepest(
		target: Float64Array,
		coefficients: Float64Array,
		free: readonly number[],
	): number {
		const n = this.#size;
		let best = -1;
		let steepest = 0;
		for (let i = 0; i < n; i++) {
			if (free.includes(i)) continue;
			let gradient = at(target, i);
			let scale = Math.abs(gradient);
			for (let j = 0; j < n; j++) {
				const pull = at(this.#regular, i * n + j) * at(coefficients, j);
				gradient -= pull;
				scale += Math.abs(pull);
			}
			// Features differ by orders of magnitude, and so do gradients: compare what growing would gain.
			const gain = gradient / Math.sqrt(at(this.#regular, i * n + i));
			if (gradient > 1e-10 * scale && gain > steepest) {
				steepest = gain;
				best = i;
			}
		}
		return best;
	}

	/** Moves to the optimum of the free coefficients, binding at zero those that would cross it. Returns who stays free. */
	#descend(
		target: Float64Array,
		coefficients: Float64Array,
		start: readonly number[],
	): number[] {
		let free = [...start];
		while (free.length > 0) {
			const optimum = this.#solve(free, target);
			// How far towards the optimum each may go before it turns negative.
			const reach = (i: number) => {
				const from = at(coefficients, i);
				const to = at(optimum, i);
				return to < 0 ? from / (from - to) : 1;
			};
			const crossing = free.filter((i) => at(optimum, i) < 0);
			const step = Math.min(1, ...crossing.map(reach));
			const crossed = crossing.filter((i) => reach(i) <= step);
			for (const i of free) {
				const from = at(coefficients, i);
				coefficients[i] = Math.max(0, from + step * (at(optimum, i) - from));
			}
			if (crossed.length === 0) return free;
			for (const i of crossed) coefficients[i] = 0;
			free = free.filter((i) => !crossed.includes(i));
		}
		return free;
	}

	#regularise(ridge: number): void {
		this.#regular.set(this.#information);
		for (let i = 0; i < this.#size; i++) {
			const place = i * this.#size + i;
			this.#regular[place] = at(this.#regular, place) + ridge;
		}
	}

	/** Solves the regularised system for the chosen coefficients, the others being zero (Cholesky). */
	#solve(chosen: readonly number[], target: Float64Array): Float64Array {
		const n = this.#size;
		const L = this.#factor;
		const solution = new Float64Array(n);
		chosen.forEach((i, row) => {
			for (let column = 0; column <= row; column++) {
				let sum = at(this.#regular, i * n + (chosen[column] ?? 0));
				for (let k = 0; k < column; k++)
					sum -= at(L, row * n + k) * at(L, column * n + k);
				// A pivot below rounding is noise: keep it positive, so that the answer stays finite.
				L[row * n + column] =
					row === column
						? Math.sqrt(
								Math.max(sum, 1e-13 * at(this.#regular, i * n + i), 1e-300),
							)
						: sum / at(L, column * n + column);
			}
			let sum = at(target, i);
			for (let k = 0; k < row; k++)
				sum -= at(L, row * n + k) * at(solution, chosen[k] ?? 0);
			solution[i] = sum / at(L, row * n + row);
		});
		for (let row = chosen.length - 1; row >= 0; row--) {
			let sum = at(solution, chosen[row] ?? 0);
			for (let k = row + 1; k < chosen.length; k++)
				sum -= at(L, k * n + row) * at(solution, chosen[k] ?? 0);
			solution[chosen[row] ?? 0] = sum / at(L, row * n + row);
		}
		return solution;
	}
}

/** Reads a number that is known to be there. */
function at(values: Float64Array, index: number): number {
	return values[index] as number;
}
