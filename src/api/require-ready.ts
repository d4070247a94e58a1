import type { FastifyReply, FastifyRequest } from "fastify";
import type { ServiceContext } from "./api-context.ts";
import { unreadyError } from "./service-state.ts";

/** 503 with Retry-After while the model does not answer. Runs before the body is read. */
export function requireReady({ service, metrics }: ServiceContext) {
	return (
		_request: FastifyRequest,
		_reply: FastifyReply,
		done: (error?: Error) => void,
	): void => {
		const error = unreadyError(service.state());
		if (error !== null) metrics.requestRejected(error.code);
		done(error ?? undefined);
	};
}
