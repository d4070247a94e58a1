import { ApiError } from "../../api/api-error.ts";
import { type Answer, AnswerReader, type Failure } from "./answer.ts";

/** Sends a body and yields the events of the answer, as `api.stream` does. */
export type OpenStream = (
	path: string,
	options: { body: unknown; signal: AbortSignal },
) => AsyncIterable<{ data: string }>;

interface Generation {
	openStream: OpenStream;
	path: "/v1/chat/completions" | "/v1/completions";
	model: string;
	body: Readonly<Record<string, unknown>>;
	signal: AbortSignal;
	/** Milliseconds of a clock that only goes forward. */
	now: () => number;
	/** Called after each event; whoever draws takes a snapshot when it is time to draw. */
	onProgress: (reader: AnswerReader) => void;
}

/** One request from sending to its one end. It never throws: what goes wrong is the answer's state. */
export async function generate({
	openStream,
	path,
	model,
	body,
	signal,
	now,
	onProgress,
}: Generation): Promise<Answer> {
	const reader = new AnswerReader(model, now());
	try {
		for await (const { data } of openStream(path, {
			body: { model, ...body },
			signal,
		})) {
			if (signal.aborted) break;
			reader.read(data, now());
			onProgress(reader);
			if (reader.hasEnded) break;
		}
		if (signal.aborted) reader.stop(now());
		reader.close(now());
	} catch (error) {
		if (signal.aborted) reader.stop(now());
		else reader.fail(toFailure(error), now());
	}
	return reader.snapshot(now());
}

/** Anything thrown on the way to an answer, in the words people see. */
export function toFailure(error: unknown): Failure {
	if (error instanceof ApiError)
		return {
			message: error.isOffline
				? error.code === "connection_lost"
					? "The connection broke off before the answer was whole."
					: "The gateway can't be reached. Check that it runs and that you are online, then try again."
				: error.message,
			field: error.param,
			status: error.status,
			retryAfterSeconds: error.retryAfterSeconds,
		};
	return {
		message: error instanceof Error ? error.message : String(error),
		field: null,
		status: 0,
		retryAfterSeconds: null,
	};
}
