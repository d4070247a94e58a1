import type { FastifyReply, FastifyRequest } from "fastify";
import type { ServiceContext } from "../api-context.ts";
import { describeRoute } from "../route-schema.ts";

export const metricsSchema = describeRoute({
	id: "metrics",
	summary: "Metrics for Prometheus",
	tag: "Health",
	answer: "Prometheus' text format.",
	content: "text/plain",
	isOpen: true,
});

/** `/metrics` is the same as `/v1/metrics`. */
export const shortMetricsSchema = {
	...metricsSchema,
	operationId: "metricsShort",
};

export function metrics(context: ServiceContext) {
	return async (_request: FastifyRequest, reply: FastifyReply) => {
		reply.type(context.metrics.contentType);
		return context.metrics.render();
	};
}
