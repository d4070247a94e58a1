import { z } from "zod";
import type { Application } from "../application.ts";
import type { Endpoint } from "../services/endpoint.ts";
import { serviceState } from "../services/service-state.ts";
import * as answers from "./answer-schemas.ts";
import { Callers } from "./callers.ts";
import { settingsBody } from "./chat-body.ts";
import type { Server } from "./zod-types.ts";

/** For those who watch over the server; none of it tells what is in it. */
export function addSystemRoutes(
	app: Server,
	{ config, database, metrics }: Application,
	openApi: () => object,
): void {
	const callers = new Callers(config);
	app.get(
		"/health",
		{
			schema: {
				summary: "Whether the server can do its work",
				answers: { 200: answers.health, 503: answers.noHealth },
			},
		},
		async (_request, reply) => {
			try {
				await database.query("select 1", [], {
					signal: AbortSignal.timeout(5000),
				});
				return { status: "ok" };
			} catch (error) {
				const reason = error instanceof Error ? error.message : String(error);
				return reply.code(503).send({ status: "unavailable", reason });
			}
		},
	);
	app.get(
		"/metrics",
		{
			schema: {
				summary: "For Prometheus",
				answers: { 200: { "text/plain": z.string() } },
			},
		},
		async (_request, reply) =>
			reply
				.type(metrics.registry.contentType)
				.send(await metrics.registry.metrics()),
	);
	app.get(
		"/openapi.json",
		{
			schema: {
				summary: "This description",
				answers: { 200: answers.anyObject },
			},
		},
		async () => openApi(),
	);
	app.get(
		"/v1/settings",
		{
			schema: {
				summary: "What an answer does unless asked otherwise, and what answers",
				answers: { 200: answers.settings(settingsBody) },
			},
		},
		async (request) => {
			const principal = callers.principal(request);
			const stateOf = (endpoint: Endpoint | null) =>
				endpoint === null ? null : serviceState(endpoint);
			const [chat, embedding, rerank] = await Promise.all([
				stateOf(config.chat),
				stateOf(config.embedding),
				stateOf(config.rerank),
			]);
			return {
				principal: principal.id.replace(/^key:/, ""),
				hasKeys: callers.areNamed,
				/** Null: this server was started without. */
				services: { chat, embedding, rerank },
				answer: config.answer,
				ingest: {
					chunkTokens: config.ingest.chunks.maxTokens,
					overlapTokens: config.ingest.chunks.overlapTokens,
					maxUploadBytes: config.ingest.maxUploadBytes,
				},
			};
		},
	);
}
