import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ServiceState } from "../../core/language-service.ts";
import type { ApiContext } from "../api-context.ts";
import { retryAfterHeader } from "../errors.ts";
import { describeRoute } from "../route-schema.ts";
import { unreadyError } from "../service-state.ts";

const health = z.looseObject({
	object: z.literal("health.response"),
	message: z.string(),
});

export const liveSchema = describeRoute({
	id: "healthLive",
	summary: "Is the process worth keeping?",
	tag: "Health",
	answer:
		"It is. 503 only when the model could not be served at all, which a restart may heal.",
	content: health,
	isOpen: true,
});

export const readySchema = describeRoute({
	id: "healthReady",
	summary: "Does the model answer?",
	tag: "Health",
	answer: "It does. 503 with the state while it loads, restarts or drains.",
	content: health,
	isOpen: true,
});

/** `/health` is the same as `/v1/health/ready`. */
export const healthSchema = { ...readySchema, operationId: "health" };

export function live({ service }: ApiContext) {
	return async (_request: FastifyRequest, reply: FastifyReply) => {
		const state = service.state();
		const isLive = state.phase !== "failed";
		reply.code(isLive ? 200 : 503);
		return {
			object: "health.response",
			message: isLive ? "live" : state.reason,
			live: isLive,
		};
	};
}

export function ready({ service }: ApiContext) {
	return async (_request: FastifyRequest, reply: FastifyReply) => {
		const state = service.state();
		const error = unreadyError(state);
		if (error === null)
			return { object: "health.response", message: "ready", ready: true };
		reply.code(503).headers(retryAfterHeader(error));
		return {
			object: "health.response",
			message: error.message,
			ready: false,
			...toDetails(state),
		};
	};
}

function toDetails(state: ServiceState) {
	if (state.phase !== "loading") return { state: state.phase };
	return {
		state: state.phase,
		progress: state.progress,
		eta_seconds: state.etaSeconds,
	};
}
