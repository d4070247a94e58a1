import { parseTraceparent, toTraceparent } from "../../core/trace-context.ts";
import {
	traceAttributes as names,
	operationOf,
} from "../../observability/tracing/trace-attributes.ts";
import type { Span, Tracing } from "../../observability/tracing/tracing.ts";
import type { ForwardOutcome } from "../../proxy/forward.ts";
import type {
	Admission,
	AttemptStart,
	AttemptWatch,
	CallOutcome,
	ModelCall,
	RequestPolicy,
} from "../policy/model-call.ts";

/** A span for each call; whoever answers it is told to go on from there. */
export class TracePolicy implements RequestPolicy {
	readonly #tracing: Tracing;

	constructor(tracing: Tracing) {
		this.#tracing = tracing;
	}

	admit({
		id,
		model,
		path,
		headers,
		arrivedAt,
		principal,
	}: ModelCall): Admission {
		const operation = operationOf(path) ?? path;
		const span = this.#tracing.startSpan(operation, {
			kind: "server",
			parent: parseTraceparent(headers.traceparent),
			startedAt: arrivedAt,
			attributes: {
				[names.operation]: operation,
				[names.provider]: "galley",
				[names.httpMethod]: "POST",
				[names.urlPath]: path,
				[names.requestModel]: model,
				[names.requestId]: id,
				[names.tenant]: principal.tenant,
			},
		});
		const { context } = span;
		return {
			...(context === null
				? {}
				: { forwardHeaders: { traceparent: toTraceparent(context) } }),
			attempt: (start) => this.#attempt(span, start),
			settle: (outcome) => end(span, operation, outcome),
		};
	}

	/** A span for each place that is asked: a retry and a hedge are seen beside what they came after. */
	#attempt(
		call: Span,
		{ target, number, isHedge }: AttemptStart,
	): AttemptWatch {
		const span = this.#tracing.startSpan(
			`ask ${target.replica ?? target.name}`,
			{
				kind: "client",
				parent: call.context,
				attributes: {
					[names.targetKind]: target.kind,
					[names.targetName]: target.name,
					[names.replica]: target.replica ?? undefined,
					[names.attempt]: number,
					[names.isHedge]: isHedge || undefined,
				},
			},
		);
		const { context } = span;
		return {
			headers: context === null ? {} : { traceparent: toTraceparent(context) },
			end(outcome) {
				span.set({
					[names.outcome]: outcome.kind,
					[names.httpStatus]:
						"status" in outcome ? (outcome.status ?? undefined) : undefined,
				});
				const failure = failureOf(outcome);
				if (failure !== null) span.fail(failure);
				span.end();
			},
		};
	}
}

/** What became of an attempt, where its span has to say more than "answered". */
function failureOf(outcome: ForwardOutcome): string | null {
	switch (outcome.kind) {
		case "answered":
			return outcome.status >= 400 ? String(outcome.status) : null;
		case "unanswered":
			return outcome.cause;
		case "left":
			return "client_closed";
		case "broken":
			return "broken";
		// Another one was first: nothing went wrong here.
		case "lost":
			return null;
	}
}

function end(span: Span, operation: string, outcome: CallOutcome): void {
	const { kind, status, target, usage, firstByteMs, coldStartMs } = outcome;
	// A name that nobody serves stays out of the span's: there would be no end of names.
	if (target !== null) span.rename(`${operation} ${target.model}`);
	span.set({
		[names.httpStatus]: status === 0 ? undefined : status,
		[names.outcome]: kind,
		[names.targetKind]: target?.kind,
		[names.targetName]: target?.name,
		[names.replica]: target?.replica ?? undefined,
		[names.responseModel]: target?.model,
		[names.inputTokens]: usage?.promptTokens,
		[names.cachedTokens]: usage?.cachedTokens,
		[names.outputTokens]: usage?.completionTokens,
		[names.firstByteSeconds]:
			firstByteMs === null ? undefined : firstByteMs / 1000,
		[names.coldStartSeconds]:
			coldStartMs === null ? undefined : coldStartMs / 1000,
	});
	if (kind === "left") span.fail("client_closed");
	else if (kind === "broken") span.fail("broken");
	else if (status >= 400) span.fail(String(status));
	span.end();
}
