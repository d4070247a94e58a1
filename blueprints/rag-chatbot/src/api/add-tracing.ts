import type { FastifyRequest } from "fastify";
import { type Tracing, traceIdOf } from "../tracing/tracing.ts";
import type { Server } from "./zod-types.ts";

/** Probes, scrapes and the page's files belong to no trace. */
const traced = /^\/v1\//;

/** Each request of the API has its place in its caller's trace, and that trace's id is in all its log lines. */
export function addTracing(app: Server, tracing: Tracing): void {
	const traces = new WeakMap<
		FastifyRequest,
		NonNullable<ReturnType<Tracing["request"]>>
	>();
	app.addHook("onRequest", (request, reply, done) => {
		const { method, headers } = request;
		const route = request.routeOptions.url ?? "";
		const { traceparent } = headers;
		const current = traced.test(route)
			? tracing.request(
					`${method} ${route}`,
					typeof traceparent === "string" ? traceparent : undefined,
					{ "http.request.method": method, "http.route": route },
				)
			: null;
		if (current !== null) {
			traces.set(request, current);
			const traceId = traceIdOf(current.traceparent);
			request.log = request.log.child({ traceId });
			reply.log = request.log;
		}
		done();
	});
	// Behind the body's parser: what comes from the socket's events would not know its request.
	app.addHook("preHandler", (request, _reply, done) => {
		const current = traces.get(request);
		if (current === undefined) done();
		else tracing.within(current, done);
	});
	const end = (request: FastifyRequest, status: number, failure?: string) => {
		const span = traces.get(request)?.span;
		traces.delete(request);
		if (span == null) return;
		span.set({ "http.response.status_code": status });
		if (failure !== undefined) span.fail(failure);
		else if (status >= 400) span.fail(String(status));
		span.end();
	};
	app.addHook("onResponse", async (request, reply) =>
		end(request, reply.statusCode),
	);
	app.addHook("onRequestAbort", async (request) =>
		end(request, 499, "client_closed"),
	);
}
