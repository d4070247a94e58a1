import { planModel } from "../src/cli/model-plan.ts";
import { type RunningService, serveModel } from "../src/cli/serve-model.ts";
import { resolveServiceConfig } from "../src/config/service-config.ts";
import { createLogger } from "../src/observability/logger.ts";

/** A whole service on a free port, as `galley run` starts it, with its engine process. */
export async function startService(
	model: string,
	flags: Record<string, unknown> = {},
): Promise<RunningService & { url: string } & AsyncDisposable> {
	const asked = resolveServiceConfig({
		flags: { model, port: 0, logLevel: "silent", ...flags },
		environment: {},
	});
	const plan = await planModel(asked);
	const logger = createLogger({
		level: plan.config.logLevel,
		format: "text",
		destination: process.stderr,
	});
	const service = await serveModel(plan, plan.config, logger);
	await service.model.whenReady().catch(async (error: unknown) => {
		await service.stop();
		throw error;
	});
	return {
		...service,
		url: service.address,
		[Symbol.asyncDispose]: service.stop,
	};
}

export interface StreamedChat {
	status: number;
	text: string;
	/** `error` objects seen in the stream. */
	errors: { code: string; message: string }[];
	finishReasons: string[];
	isDone: boolean;
}

/** Reads a streamed chat to its end; `onText` hears each piece. */
export async function streamChat(
	url: string,
	body: Record<string, unknown> = {},
	onText: (text: string) => void = () => undefined,
	signal: AbortSignal | null = null,
): Promise<StreamedChat> {
	const response = await fetch(`${url}/v1/chat/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			model: "fake",
			messages: [{ role: "user", content: "Tell me a story." }],
			stream: true,
			temperature: 0,
			...body,
		}),
		signal,
	});
	const seen: StreamedChat = {
		status: response.status,
		text: "",
		errors: [],
		finishReasons: [],
		isDone: false,
	};
	if (response.status !== 200) {
		const { error } = (await response.json()) as {
			error: StreamedChat["errors"][0];
		};
		seen.errors.push(error);
		return seen;
	}
	let rest = "";
	const decoder = new TextDecoder();
	for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
		const frames = (rest + decoder.decode(bytes, { stream: true })).split(
			"\n\n",
		);
		rest = frames.pop() ?? "";
		for (const frame of frames)
			hear(frame.replace(/^data: /, ""), seen, onText);
	}
	return seen;
}

function hear(
	data: string,
	seen: StreamedChat,
	onText: (text: string) => void,
): void {
	if (data === "[DONE]") {
		seen.isDone = true;
		return;
	}
	const chunk = JSON.parse(data) as {
		error?: StreamedChat["errors"][0];
		choices?: { delta: { content?: string }; finish_reason: string | null }[];
	};
	if (chunk.error !== undefined) seen.errors.push(chunk.error);
	for (const { delta, finish_reason } of chunk.choices ?? []) {
		if (delta.content) {
			seen.text += delta.content;
			onText(delta.content);
		}
		if (finish_reason !== null) seen.finishReasons.push(finish_reason);
	}
}

export async function getJson(url: string): Promise<{
	status: number;
	headers: Headers;
	body: Record<string, unknown>;
}> {
	const response = await fetch(url);
	return {
		status: response.status,
		headers: response.headers,
		body: (await response.json()) as Record<string, unknown>,
	};
}

/** Polls until the condition holds; the test's own timeout ends it otherwise. */
export async function until(
	condition: () => boolean | Promise<boolean>,
): Promise<void> {
	while (!(await condition()))
		await new Promise((resolve) => setTimeout(resolve, 10));
}
