import { randomUUID } from "node:crypto";
import type { FastifyReply } from "fastify";
import type { Principal } from "galley/store";
import {
	type AnswerEvent,
	answerQuestion,
	type StillReading,
} from "../answer/answer-question.ts";
import type { Application } from "../application.ts";
import { searchCollections } from "../knowledge/search-collections.ts";
import type { ChatTurn } from "../services/chat-client.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { AnswerRecord } from "./answer-record.ts";
import * as answers from "./answer-schemas.ts";
import { renderError } from "./api-error.ts";
import { type ChatQuestion, chatBody, readQuestion } from "./chat-body.ts";
import { EventStream, whenGone } from "./event-stream.ts";
import { requireReadable } from "./rights.ts";
import type { Server } from "./zod-types.ts";

interface Turn {
	principal: Principal;
	asked: ChatQuestion;
	conversation: string | null;
	model: string;
}

export function addChatRoutes(app: Server, application: Application): void {
	const { base, config } = application;
	app.get(
		"/v1/models",
		{
			schema: {
				summary: "`rag`, and one model a collection",
				answers: { 200: answers.models },
			},
		},
		async ({ principal }) => {
			const collections = await base.collections.list(principal);
			const ids = ["rag", ...collections.map(({ id }) => `rag:${id}`)];
			return {
				object: "list",
				data: ids.map((id) => ({
					id,
					object: "model",
					created: 0,
					owned_by: "rag-chatbot",
				})),
			};
		},
	);
	app.post(
		"/v1/chat/completions",
		{
			schema: {
				summary:
					"Ask; the answer's text has marks like [1], beside it are the citations",
				body: chatBody,
				answers: {
					200: {
						"application/json": answers.completion,
						"text/event-stream": answers.completionChunk,
					},
				},
			},
		},
		async ({ principal, body }, reply) => {
			const asked = readQuestion(body, config.answer);
			const turn: Turn = {
				principal,
				asked,
				conversation: body.conversation ?? null,
				model: body.model,
			};
			await requireReadable(base, principal, asked.collectionIds);
			if (turn.conversation !== null)
				asked.history = await readHistory(application, turn);
			if (body.stream === true) await streamAnswer(application, turn, reply);
			else return completeAnswer(application, turn, whenGone(reply));
		},
	);
}

async function readHistory(
	{ base }: Application,
	{ principal, conversation, asked }: Turn,
): Promise<ChatTurn[]> {
	const messages = await base.conversations.messages(
		principal,
		conversation as string,
		Math.max(2, asked.settings.historyTurns),
	);
	return messages.map(({ role, content }) => ({ role, content }));
}

function answer(
	application: Application,
	{ principal, asked }: Turn,
	signal: AbortSignal,
) {
	const { base, config, embeddings, reranker, chat, prompts } = application;
	const { question, history, settings, collectionIds } = asked;
	const search = searchCollections(
		base,
		principal,
		collectionIds,
		embeddings.endpoint.model,
	);
	return traced(
		application.tracing,
		answerQuestion(
			{ question, history, settings, signal },
			{
				search,
				embeddings,
				reranker,
				chat,
				prompts,
				readingWaitMs: config.readingWaitMs,
				stillReading: () => stillReading(application, principal, collectionIds),
			},
		),
	);
}

/** Of what this principal may read; null: all of it. */
async function stillReading(
	{ base, jobs }: Application,
	principal: Principal,
	ids: readonly string[] | null,
): Promise<StillReading[]> {
	const all = await base.collections.list(principal);
	const searched = all.filter(({ id }) => ids === null || ids.includes(id));
	const readings = await jobs.readings(searched.map(({ id }) => id));
	return searched.flatMap(({ id, name }) => {
		const reading = readings.get(id);
		return reading === undefined
			? []
			: [{ collectionId: id, name, ...reading }];
	});
}

/** Each stage is a span of the request's trace. The first token is a moment within the last stage. */
async function* traced(
	tracing: Tracing,
	events: AsyncIterable<AnswerEvent>,
): AsyncGenerator<AnswerEvent> {
	for await (const event of events) {
		if (event.type === "stage" && event.stage !== "first_token")
			tracing.stage(event.stage, event.ms);
		yield event;
	}
}

async function completeAnswer(
	application: Application,
	turn: Turn,
	signal: AbortSignal,
): Promise<object> {
	const record = new AnswerRecord();
	try {
		for await (const event of answer(application, turn, signal))
			record.push(event);
	} catch (error) {
		application.metrics.answers.inc({
			kind: signal.aborted ? "stopped" : "failed",
		});
		throw error;
	}
	measure(application, record);
	const { text: content, citations, stages, kind, reading } = record;
	const messageId = await remember(application, turn, record, false);
	return {
		...head(turn, "chat.completion"),
		choices: [
			{
				index: 0,
				message: {
					role: "assistant",
					content,
					citations,
					stages,
					kind,
					reading,
					messageId,
				},
				finish_reason: "stop",
			},
		],
	};
}

async function streamAnswer(
	application: Application,
	turn: Turn,
	reply: FastifyReply,
): Promise<void> {
	const signal = whenGone(reply);
	const events = answer(application, turn, signal);
	// The embedding service is the first that can fail: that is an error with a status of its own.
	const begun: AnswerEvent[] = [];
	for (let isBegun = false; !isBegun; ) {
		const { value, done } = await events.next();
		if (done === true) break;
		begun.push(value);
		isBegun = value.type !== "stage" || value.stage !== "rewrite";
	}
	const stream = new EventStream(reply);
	const shared = head(turn, "chat.completion.chunk");
	const say = (delta: object, finish: string | null = null) =>
		stream.send({
			...shared,
			choices: [{ index: 0, delta, finish_reason: finish }],
		});
	const record = new AnswerRecord();
	try {
		await say({ role: "assistant", content: "" });
		for await (const event of resumed(begun, events)) {
			const delta = record.push(event);
			if (delta === null) continue;
			const { text, citation, stage } = delta;
			await say({
				...(text === "" ? {} : { content: text }),
				...(citation === null ? {} : { citations: [citation] }),
				...(stage === null ? {} : { stages: [stage] }),
			});
			signal.throwIfAborted();
		}
		measure(application, record);
		const messageId = await remember(application, turn, record, false);
		const { kind, reading } = record;
		await say({ kind, reading, messageId }, "stop");
		await stream.send("[DONE]");
	} catch (error) {
		const { metrics } = application;
		metrics.answers.inc({ kind: signal.aborted ? "stopped" : "failed" });
		// What was read before the stop button was pressed stays in the conversation.
		if (signal.aborted) await remember(application, turn, record, true);
		else {
			reply.log.error(error);
			await stream.send(renderError(error).body);
		}
	} finally {
		stream.end();
	}
}

async function* resumed(
	begun: readonly AnswerEvent[],
	events: AsyncIterable<AnswerEvent>,
): AsyncGenerator<AnswerEvent> {
	yield* begun;
	yield* events;
}

function head({ model }: Turn, object: string) {
	return {
		id: `chatcmpl-${randomUUID()}`,
		object,
		created: Math.floor(Date.now() / 1000),
		model,
	};
}

function measure({ metrics }: Application, record: AnswerRecord): void {
	metrics.answers.inc({ kind: record.kind });
	for (const { stage, ms } of record.stages)
		metrics.stageSeconds.observe({ stage }, ms / 1000);
}

const titleLength = 80;

/** Adds the question and its answer to the conversation; the answer's id. */
async function remember(
	{ base: { conversations } }: Application,
	{ principal, asked, conversation }: Turn,
	record: AnswerRecord,
	isStopped: boolean,
): Promise<string | null> {
	if (conversation === null || record.text === "") return null;
	const { text, citations, stages, kind } = record;
	const [, messageId = null] = await conversations.append(
		principal,
		conversation,
		[
			{ role: "user", content: asked.question },
			{
				role: "assistant",
				content: text,
				details: {
					citations,
					stages,
					kind: isStopped ? null : kind,
					isStopped,
				},
			},
		],
	);
	// The first question is the title, unless somebody gave one.
	if (asked.history.length === 0) {
		const { title } = await conversations.get(principal, conversation);
		if (title === "")
			await conversations.rename(
				principal,
				conversation,
				asked.question.replace(/\s+/g, " ").slice(0, titleLength),
			);
	}
	return messageId;
}
