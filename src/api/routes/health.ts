import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import {
	type HealthAnswer,
	toLiveAnswer,
	toReadyAnswer,
} from "../../observability/health.ts";
import type { ServiceContext } from "../api-context.ts";
import { describeRoute } from "../route-schema.ts";

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

export function live({ service }: ServiceContext) {
	return async (_request: FastifyRequest, reply: FastifyReply) =>
		send(reply, toLiveAnswer(service.state()));
}

export function ready({ service }: ServiceContext) {
	return async (_request: FastifyRequest, reply: FastifyReply) =>
		send(reply, toReadyAnswer(service.state()));
}

function send(reply: FastifyReply, answer: HealthAnswer) {
	return reply.code(answer.status).headers(answer.headers).send(answer.body);
}
