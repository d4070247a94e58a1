import { parseTraceparent } from "../../core/trace-context.ts";
import type { Logger } from "../../observability/logger.ts";
import type {
	Admission,
	ModelCall,
	RequestPolicy,
} from "../policy/model-call.ts";

type CallLogger = Pick<Logger, "debug" | "info" | "warn" | "isEnabled">;

/** A line for each call that went wrong; for each call at level debug. Its ids are those of the service's lines and of the trace. */
export class CallLog implements RequestPolicy {
	readonly #logger: CallLogger;

	constructor(logger: CallLogger) {
		this.#logger = logger;
	}

	admit({ id, model, path, headers }: ModelCall): Admission {
		return {
			settle: ({ kind, status, target, usage, ms }) => {
				const isFine = kind === "answered" && status < 400;
				// Most calls are, and most gateways don't tell of them.
				if (isFine && !this.#logger.isEnabled("debug")) return;
				const fields = {
					requestId: id,
					// As it was sent on, if tracing made it anew.
					traceId: parseTraceparent(headers.traceparent)?.traceId ?? null,
					method: "POST",
					route: path,
					status,
					durationSeconds: Math.round(ms) / 1000,
					model,
					origin: target?.replica ?? target?.name ?? null,
					promptTokens: usage?.promptTokens ?? null,
					completionTokens: usage?.completionTokens ?? null,
				};
				if (kind === "broken" || status >= 500)
					this.#logger.warn(fields, `request ${kind}`);
				else if (isFine) this.#logger.debug(fields, "request");
				else this.#logger.info(fields, `request ${kind}`);
			},
		};
	}
}
