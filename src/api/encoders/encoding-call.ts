import type { FastifyReply, FastifyRequest } from "fastify";
import { GalleyError, toGalleyError } from "../../core/errors.ts";
import type { EncoderContext } from "./encoder-context.ts";

/** Who asks, whichever way they came: over HTTP or gRPC. */
export interface EncodingCall {
	/** As in `X-Request-Id`. */
	readonly id: string;
	/** Monotonic milliseconds. */
	readonly startedAt: number;
	/** Aborts when the caller has left. */
	readonly signal: AbortSignal;
	/** What is told of it when it ends. */
	readonly record: { model: string | null; promptTokens: number };
}

export function toEncodingCall(
	request: FastifyRequest,
	reply: FastifyReply,
): EncodingCall {
	const leaving = new AbortController();
	reply.raw.once("close", () => {
		if (!reply.raw.writableFinished) leaving.abort();
	});
	const { id, record } = request;
	return { id, startedAt: record.startedAt, signal: leaving.signal, record };
}

/** How a caller named its inputs: the service's `inputs[3]` or `query` in the words of the request. */
export type InputNames = (field: string, index: number | null) => string;

/**
 * Has the service compute, and counts how that ended. `inputs` is how many there are. An error that names an input names
 * it as the caller did.
 */
export async function encode<Outcome extends { promptTokens: number }>(
	{ metrics }: Pick<EncoderContext, "metrics">,
	call: EncodingCall,
	inputs: number,
	names: InputNames,
	compute: () => Promise<Outcome>,
): Promise<Outcome> {
	try {
		const outcome = await compute();
		const { promptTokens } = outcome;
		call.record.promptTokens = promptTokens;
		const seconds = (performance.now() - call.startedAt) / 1000;
		metrics.requestEncoded({ inputs, promptTokens, seconds });
		return outcome;
	} catch (thrown) {
		const error = toGalleyError(thrown);
		const { code, status } = error;
		if (status < 499) metrics.requestRejected(code);
		else metrics.requestFailed(code);
		throw withName(error, names);
	}
}

/** One input that stands alone may go without its index. */
const inputParam = /^(inputs?|passages|query)(?:\[(\d+)\])?$/;

function withName(error: GalleyError, names: InputNames): GalleyError {
	const match = inputParam.exec(error.param ?? "");
	if (match === null) return error;
	const [written = "", field = "", index] = match;
	const isQuery = field === "query";
	const param = names(field, isQuery ? null : Number(index ?? 0));
	const renamed = error.message
		.replaceAll(`'${written}'`, `'${param}'`)
		.replaceAll(`"${written}"`, `'${param}'`)
		.replace(/^This input\b/, `'${param}'`);
	const message = renamed.includes(`'${param}'`)
		? renamed
		: `'${param}': ${renamed}`;
	return new GalleyError(error.code, message, {
		param,
		cause: error,
		retryAfterSeconds: error.retryAfterSeconds ?? undefined,
	});
}
