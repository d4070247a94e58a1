import { parseTraceparent } from "../../core/trace-context.ts";
import { piecesOfEvent } from "../hooks/answer-texts.ts";
import { EventFrames } from "../hooks/event-frames.ts";
import type {
	Admission,
	CallOutcome,
	ModelCall,
	RequestPolicy,
} from "../policy/model-call.ts";
import type { CaptureFiles } from "./capture-files.ts";
import { CapturedAnswer } from "./captured-answer.ts";
import { mapTexts, redactText } from "./redact-payload.ts";

export interface CaptureSettings {
	/** Share of the requests, 0 to 1. */
	sampling: number;
	/** Of a request and of an answer, each. */
	maxBodyBytes: number;
	/** Takes e-mail addresses, card numbers, keys and passwords out. */
	redact: boolean;
}

/**
 * Keeps what was asked and what was answered, for a sample of the requests. It stands behind the hooks: what they took out is
 * not in what it sees.
 */
export class CapturePolicy implements RequestPolicy {
	readonly #settings: CaptureSettings;
	readonly #files: CaptureFiles;
	readonly #random: () => number;

	constructor(
		settings: CaptureSettings,
		files: CaptureFiles,
		random: () => number = Math.random,
	) {
		this.#settings = settings;
		this.#files = files;
		this.#random = random;
	}

	admit(call: ModelCall): Admission {
		if (this.#random() >= this.#settings.sampling) return {};
		let answer: CapturedAnswer | null = null;
		return {
			answerThrough: (client) => {
				answer = new CapturedAnswer(client, this.#settings.maxBodyBytes);
				return answer;
			},
			settle: (outcome) =>
				this.#files.write(this.#record(call, answer, outcome)),
		};
	}

	#record(
		call: ModelCall,
		answer: CapturedAnswer | null,
		{ kind, status, target, usage, ms }: CallOutcome,
	): object {
		const { id, principal, model, path, headers, body } = call;
		return {
			at: new Date(Date.now() - ms).toISOString(),
			requestId: id,
			traceId: parseTraceparent(headers.traceparent)?.traceId ?? null,
			principal: { name: principal.name, tenant: principal.tenant },
			model,
			path,
			target: target?.replica ?? target?.name ?? null,
			outcome: kind,
			status,
			ms: Math.round(ms),
			usage,
			request: this.#content(
				body.subarray(0, this.#settings.maxBodyBytes),
				body.length,
				String(headers["content-type"] ?? "application/json"),
			),
			response:
				answer === null
					? null
					: this.#content(answer.content, answer.bytes, answer.contentType),
		};
	}

	#content(kept: Buffer, bytes: number, contentType: string): object {
		const isCut = kept.length < bytes;
		const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
		if (type === "text/event-stream")
			return { bytes, isCut, texts: this.#clean(textsOfStream(kept)) };
		const isText = type.startsWith("text/") || /[/+]json$/.test(type);
		// Sound, pictures and forms: their size tells that they were there.
		if (!isText) return { bytes, contentType: type };
		const text = kept.toString();
		const json = isCut ? undefined : parsed(text);
		return json === undefined
			? { bytes, isCut, text: this.#clean(text) }
			: { bytes, isCut, body: this.#clean(json) };
	}

	#clean(value: unknown): unknown {
		return mapTexts(value, this.#settings.redact ? redactText : (text) => text);
	}
}

/** A stream's texts put together: what was cut in two by its events is found again. */
function textsOfStream(kept: Buffer): Record<string, string> {
	const texts: Record<string, string> = {};
	const frames = new EventFrames();
	for (const frame of [...frames.push(kept), ...frames.end()]) {
		if (!("event" in frame)) continue;
		for (const { channel, text } of piecesOfEvent(frame.event))
			texts[channel] = (texts[channel] ?? "") + text;
	}
	return texts;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
