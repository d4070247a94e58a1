import type {
	EmbeddingOutcome,
	EmbeddingRequest,
	EmbeddingService,
	EncoderFacts,
	EncoderLoad,
	EncoderService,
	RankingOutcome,
	RankingRequest,
	RankingService,
} from "../core/embedding-service.ts";
import { GalleyError } from "../core/errors.ts";
import type { ModelEntry, ServiceState } from "../core/language-service.ts";
import {
	type BatchReport,
	EncoderQueue,
	type QueueLimits,
} from "./encoder-queue.ts";
import type { EncoderRunner } from "./encoder-runner.ts";
import type { EncodedText, EncoderText } from "./encoder-text.ts";
import type { EncoderPrompts } from "./known-prompts.ts";
import { refusalOf } from "./service-state.ts";

export interface EncoderParts {
	name: string;
	/** Unix time in seconds. */
	created: number;
	facts: EncoderFacts;
	text: EncoderText;
	runner: EncoderRunner;
	limits: QueueLimits;
	onBatch?: ((batch: BatchReport) => void) | undefined;
}

export interface EmbeddingParts extends EncoderParts {
	prompts: EncoderPrompts;
	/** Of the whole vector, as the model's files say; 0 where they don't. The loaded graph knows. */
	dimensions: number;
	trainedDimensions: readonly number[];
	isNormalized: boolean;
}

/** After this many texts tokenized in a row, others get a turn: 8,192 of them would hold the process for a second. */
const textsAtOnce = 32;

/** What both kinds have in common: a text side, a queue, and an engine that may come and go. */
class EncoderModel implements EncoderService {
	readonly model: ModelEntry;
	readonly facts: EncoderFacts;
	readonly #text: EncoderText;
	readonly #runner: EncoderRunner;
	readonly #queue: EncoderQueue;
	#isDraining = false;

	constructor({
		name,
		created,
		facts,
		text,
		runner,
		limits,
		onBatch,
	}: EncoderParts) {
		this.model = {
			id: name,
			created,
			root: name,
			parent: null,
			maxModelLength: facts.maxInputTokens,
		};
		this.facts = facts;
		this.#text = text;
		this.#runner = runner;
		this.#queue = new EncoderQueue({
			limits,
			run: (sequences) => runner.run(sequences),
			isOpen: () => runner.state().phase === "ready",
			lanes: () => runner.lanes,
			...(onBatch === undefined ? {} : { onBatch }),
		});
		runner.onState((state) => {
			if (state.phase === "ready") this.#queue.pump();
			const refusal = refusalOf(state);
			if (state.phase === "failed" && refusal !== null)
				this.#queue.fail(refusal);
		});
	}

	state(): ServiceState {
		return this.#isDraining ? { phase: "draining" } : this.#runner.state();
	}

	load(): EncoderLoad {
		return this.#queue.load();
	}

	tokenize(text: string): Int32Array {
		return this.#text.tokenize(text);
	}

	/** Takes nothing new, lets what is under way finish up to the limit, then stops the engine. */
	async drain(limitMs: number): Promise<void> {
		this.#isDraining = true;
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, limitMs);
		});
		await Promise.race([this.#queue.idle(), limit]);
		clearTimeout(timer);
		const over = refusalOf({ phase: "draining" });
		if (over !== null) this.#queue.fail(over);
		await this.#runner.stop();
	}

	protected async compute<Input>(
		inputs: readonly Input[],
		signal: AbortSignal,
		encode: (input: Input, index: number) => EncodedText,
	): Promise<{
		rows: Float32Array[];
		promptTokens: number;
		inputTokens: Int32Array;
	}> {
		const refusal = refusalOf(this.state());
		if (refusal !== null) throw refusal;
		const sequences: EncodedText[] = [];
		let promptTokens = 0;
		for (const [index, input] of inputs.entries()) {
			if (index > 0 && index % textsAtOnce === 0)
				await new Promise((resolve) => setImmediate(resolve));
			if (signal.aborted)
				throw new GalleyError(
					"client_closed",
					"The client closed the request.",
				);
			const sequence = encode(input, index);
			promptTokens += sequence.tokens.length;
			sequences.push(sequence);
		}
		const rows = await this.#queue.submit(sequences, signal);
		const inputTokens = Int32Array.from(
			sequences,
			({ tokens }) => tokens.length,
		);
		return { rows, promptTokens, inputTokens };
	}
}

export class EmbeddingModel extends EncoderModel implements EmbeddingService {
	readonly task = "embedding";
	readonly trainedDimensions: readonly number[];
	readonly #runner: EncoderRunner;
	readonly #declaredDimensions: number;
	readonly #text: EncoderText;
	readonly #prompts: EncoderPrompts;
	readonly #isNormalized: boolean;

	constructor(parts: EmbeddingParts) {
		super(parts);
		this.#runner = parts.runner;
		this.#declaredDimensions = parts.dimensions;
		this.trainedDimensions = parts.trainedDimensions;
		this.#text = parts.text;
		this.#prompts = parts.prompts;
		this.#isNormalized = parts.isNormalized;
	}

	/** The loaded graph's; before that what the model's files say. */
	get dimensions(): number {
		return this.#runner.info?.width ?? this.#declaredDimensions;
	}

	async embed(request: EmbeddingRequest): Promise<EmbeddingOutcome> {
		const { inputs, inputType, truncation, dimensions, signal } = request;
		this.#assertDimensions(dimensions);
		const prompt = this.#prompts[inputType ?? "unspecified"];
		const { rows, promptTokens, inputTokens } = await this.compute(
			inputs,
			signal,
			(input, index) =>
				this.#text.encode(input, prompt, {
					truncation,
					param: inputs.length === 1 ? "input" : `input[${index}]`,
				}),
		);
		const vectors =
			dimensions === null || dimensions === this.dimensions
				? rows
				: rows.map((row) => shorten(row, dimensions, this.#isNormalized));
		return { vectors, promptTokens, inputTokens };
	}

	#assertDimensions(dimensions: number | null): void {
		if (dimensions === null) return;
		if (
			Number.isInteger(dimensions) &&
			dimensions >= 1 &&
			dimensions <= this.dimensions
		)
			return;
		throw new GalleyError(
			"invalid_request",
			`"dimensions" must be a whole number from 1 to ${this.dimensions}, the model's own; it is ${dimensions}.`,
			{ param: "dimensions" },
		);
	}
}

export class RankingModel extends EncoderModel implements RankingService {
	readonly task = "ranking";
	readonly #text: EncoderText;

	constructor(parts: EncoderParts) {
		super(parts);
		this.#text = parts.text;
	}

	async rank(request: RankingRequest): Promise<RankingOutcome> {
		const { passages, truncation, signal } = request;
		const query = this.#text.encodeQuery(request.query);
		const { rows, promptTokens, inputTokens } = await this.compute(
			passages,
			signal,
			(passage, index) =>
				this.#text.encodePair(query, passage, {
					truncation,
					param: `passages[${index}]`,
				}),
		);
		const logits = Float32Array.from(rows, (row) => row[0] ?? Number.NaN);
		return { logits, promptTokens, inputTokens };
	}
}

/** Models trained for it put what matters most into the leading dimensions (Matryoshka, arXiv:2205.13147). */
function shorten(
	row: Float32Array,
	dimensions: number,
	isNormalized: boolean,
): Float32Array {
	const short = row.slice(0, dimensions);
	if (!isNormalized) return short;
	const length = Math.hypot(...short);
	return length === 0 ? short : short.map((value) => value / length);
}
