import type { BodyReader } from "../policy/body-facts.ts";
import type {
	Admission,
	CallOutcome,
	ModelCall,
	RequestPolicy,
	UsageCounter,
} from "../policy/model-call.ts";
import { AnswerUsage } from "./answer-usage.ts";
import { askForUsage } from "./asked-usage.ts";
import type { PriceTable } from "./price-table.ts";
import type { UsageLedger } from "./usage-ledger.ts";
import { HourTeller, type UsageRow } from "./usage-row.ts";
import { WithoutUsage } from "./without-usage.ts";

export interface MeterParts {
	ledger: Pick<UsageLedger, "record">;
	prices: PriceTable;
	bodies: BodyReader;
	/** Milliseconds since 1970. */
	now?: () => number;
}

/**
 * Has the tokens of each call told, and writes them into the ledger. It is the first policy: then it reads what a service says, and
 * the filters of others see the answer as the client would.
 */
export class UsageMeter implements RequestPolicy {
	readonly #parts: MeterParts;
	readonly #now: () => number;
	readonly #hours = new HourTeller();

	constructor(parts: MeterParts) {
		this.#parts = parts;
		this.#now = parts.now ?? Date.now;
	}

	count = ({ path, body }: ModelCall): UsageCounter =>
		new AnswerUsage(path, this.#parts.bodies.of(body));

	admit(call: ModelCall): Admission {
		const facts = this.#parts.bodies.of(call.body);
		const body = askForUsage(call.path, call.body, facts);
		return {
			settle: (outcome) => this.#settle(call, outcome),
			...(body === null
				? {}
				: { body, answerThrough: (client) => new WithoutUsage(client) }),
		};
	}

	#settle(call: ModelCall, outcome: CallOutcome): void {
		// Nobody was asked: a limit, a hook or a wrong name was in the way.
		if (outcome.target === null) return;
		this.#parts.ledger.record(
			toRow(call, outcome, this.#parts.prices, this.#hours.of(this.#now())),
		);
	}
}

function toRow(
	{ principal }: ModelCall,
	{ kind, status, target, usage, ms }: CallOutcome,
	prices: PriceTable,
	hour: string,
): UsageRow {
	const { promptTokens, cachedTokens, completionTokens, isEstimated } =
		usage ?? {
			promptTokens: 0,
			cachedTokens: 0,
			completionTokens: 0,
			isEstimated: false,
		};
	const model = target?.model ?? "";
	const tokens = { promptTokens, cachedTokens, completionTokens };
	return {
		hour,
		key: principal.keyId ?? principal.name,
		keyName: principal.name,
		tenant: principal.tenant,
		model,
		requests: 1,
		errors: status >= 400 || kind === "broken" || kind === "refused" ? 1 : 0,
		...tokens,
		estimated: isEstimated ? 1 : 0,
		seconds: ms / 1000,
		costUsd: prices.cost(model, tokens),
	};
}
