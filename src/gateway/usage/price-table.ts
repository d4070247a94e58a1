import { z } from "zod";

const dollars = z.number().min(0).max(1_000_000);

/** US dollars for a million tokens. */
export const priceSchema = z.strictObject({
	inputPerMillion: dollars,
	/** Of the prompt's, those that weren't computed again; the same as others where nothing is given. */
	cachedPerMillion: dollars.optional(),
	outputPerMillion: dollars.default(0),
});

export type Price = z.infer<typeof priceSchema>;

export interface FullPrice {
	inputPerMillion: number;
	cachedPerMillion: number;
	outputPerMillion: number;
}

interface PricedTokens {
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
}

/** What tokens of a model cost; `prices` of the fleet file. */
export class PriceTable {
	readonly #prices: () => Readonly<Record<string, Price>>;

	/** Asked each time: the fleet file may be read again. */
	constructor(prices: () => Readonly<Record<string, Price>>) {
		this.#prices = prices;
	}

	/** Null where no price is known. */
	priceOf(model: string): FullPrice | null {
		const price = this.#find(model);
		if (price === null) return null;
		const { inputPerMillion, outputPerMillion } = price;
		const { cachedPerMillion = inputPerMillion } = price;
		return { inputPerMillion, cachedPerMillion, outputPerMillion };
	}

	/** US dollars; null where no price is known. */
	cost(model: string, tokens: PricedTokens): number | null {
		const price = this.#find(model);
		if (price === null) return null;
		const { promptTokens, cachedTokens, completionTokens } = tokens;
		const { inputPerMillion } = price;
		return (
			((promptTokens - cachedTokens) * inputPerMillion +
				cachedTokens * (price.cachedPerMillion ?? inputPerMillion) +
				completionTokens * price.outputPerMillion) /
			1_000_000
		);
	}

	/** Of the one among them that costs most; null where none has a price. */
	highestCost(models: readonly string[], tokens: PricedTokens): number | null {
		let highest: number | null = null;
		for (const model of models) {
			const cost = this.cost(model, tokens);
			if (cost !== null && (highest === null || cost > highest)) highest = cost;
		}
		return highest;
	}

	#find(model: string): Price | null {
		const prices = this.#prices();
		// A model may be called "constructor".
		return Object.hasOwn(prices, model) ? (prices[model] ?? null) : null;
	}
}
