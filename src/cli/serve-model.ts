import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { AdapterRegistry } from "../adapters/adapter-registry.ts";
import { backoffDelayMs } from "../async/backoff.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import { toGalleyError } from "../core/errors.ts";
import type { ModelVocabulary } from "../engine/engine.ts";
import type { Logger } from "../observability/logger.ts";
import { EngineSupervisor } from "../runtime/engine-supervisor.ts";
import type { LanguageModel } from "../runtime/language-model.ts";
import type { ModelPlan } from "./model-plan.ts";
import { adaptersAtOnce, openAdapters } from "./service-adapters.ts";
import { openServiceDoor, type ServiceDoor } from "./service-door.ts";

export interface RunningService {
	model: LanguageModel;
	/** `http://127.0.0.1:8000`, or the socket's path. */
	address: string;
	/** Refuses new requests, lets those in flight finish up to the drain limit, then closes everything. */
	stop(): Promise<void>;
}

const restartBackoff = { baseMs: 250, maxMs: 30_000 };

/** What was started while nobody knew yet which model it is for. */
interface StartedParts {
	engineProcess?: ChildProcess | undefined;
	door?: ServiceDoor | null;
}

/**
 * The composition of one service: vocabulary and API in this process, the model in the engine process. The engine
 * process is started first, since loading weights takes longest; the port is open before they are loaded, so that probes
 * see 503 with the progress instead of a refused connection.
 */
export async function serveModel(
	plan: ModelPlan,
	config: ServiceConfig,
	logger: Logger,
	{ engineProcess, door = null }: StartedParts = {},
): Promise<RunningService> {
	const maxAdapters = adaptersAtOnce(plan, config);
	const supervisor = new EngineSupervisor({
		load: {
			...plan.load,
			scheduling: { ...plan.load.scheduling, maxAdapters },
		},
		backoffMs: (failures) =>
			backoffDelayMs(failures, restartBackoff, Math.random()),
		onLog: (level, message) => logger[level]({ component: "engine" }, message),
	});
	// It may have waited for a download of hours, and may be gone.
	supervisor.start(engineProcess?.connected ? engineProcess : undefined);
	try {
		const open = door ?? (await openServiceDoor(plan.name, config, logger));
		try {
			return await compose(plan, config, logger, supervisor, open);
		} catch (error) {
			await open.close();
			throw error;
		}
	} catch (error) {
		await supervisor.stop();
		throw error;
	}
}

async function compose(
	plan: ModelPlan,
	config: ServiceConfig,
	logger: Logger,
	supervisor: EngineSupervisor,
	door: ServiceDoor,
): Promise<RunningService> {
	const { contextLength, kvCells } = plan.load.options;
	const adapters = await openAdapters(plan, config, logger, supervisor);
	// A sequence's cells are one block in this cache: there are no pages.
	door.metrics.setCacheConfig({ blockSize: 1, blocks: kvCells });
	const vocabulary = await loadVocabulary(plan);
	const model = await createLanguageModel(
		plan,
		config,
		logger,
		supervisor,
		vocabulary,
		door,
		Math.min(contextLength, kvCells),
		adapters.registry,
	);
	// Who asks for an adapter as soon as the service is ready must find it.
	model
		.readyAfter(adapters.start())
		.catch((error: unknown) => logger.error({}, toGalleyError(error).message));
	door.service.arrive(model);
	const stop = async () => {
		adapters[Symbol.dispose]();
		await model.drain(config.drainTimeoutSeconds * 1000);
		await door.close();
		vocabulary[Symbol.dispose]();
	};
	return { model, address: door.address, stop };
}

async function loadVocabulary(plan: ModelPlan): Promise<ModelVocabulary> {
	const { search, options } = plan.load;
	const module =
		plan.load.engine === "fake"
			? (await import("../engine/fake/fake.ts")).createFakeModule()
			: (await import("../engine/llama/llama.ts")).createLlamaModule(search);
	return module.loadVocabulary(options.modelPath);
}

async function createLanguageModel(
	plan: ModelPlan,
	config: ServiceConfig,
	logger: Logger,
	supervisor: EngineSupervisor,
	vocabulary: ModelVocabulary,
	{ metrics, tracing }: ServiceDoor,
	maxModelLength: number,
	adapters: AdapterRegistry,
): Promise<LanguageModel> {
	const [
		{ LanguageModel },
		{ ChatTemplates },
		{ createOutputFormat },
		{ TokenTexts },
	] = await Promise.all([
		import("../runtime/language-model.ts"),
		import("../text/chat-template.ts"),
		import("../text/output-format.ts"),
		import("../text/token-texts.ts"),
	]);
	const tokenText = (token: number | null) =>
		token === null
			? ""
			: new TextDecoder().decode(vocabulary.tokenBytes(token, true));
	const texts = (renderSpecial: boolean) =>
		new TokenTexts({
			vocabularySize: vocabulary.size,
			tokenBytes: (token) => vocabulary.tokenBytes(token, renderSpecial),
		});
	const template =
		config.chatTemplate === null
			? vocabulary.chatTemplate()
			: await readFile(config.chatTemplate, "utf8");
	// A template given by the operator is the only one: the model's own for tools must not win over it.
	const toolUseTemplate =
		config.chatTemplate === null ? vocabulary.chatTemplate("tool_use") : null;
	const templates = new ChatTemplates({
		template,
		toolUseTemplate,
		bosToken: tokenText(vocabulary.bos),
		eosToken: tokenText(vocabulary.eos),
	});
	if (templates.problem !== null)
		logger.warn(
			{ errorCode: templates.problem.code },
			`Chat requests will be refused: ${templates.problem.message}`,
		);
	return new LanguageModel({
		entry: {
			id: plan.name,
			created: Math.floor(Date.now() / 1000),
			root: plan.name,
			parent: null,
			maxModelLength,
		},
		facts: { ...plan.facts, vocabularySize: vocabulary.size },
		vocabulary,
		templates,
		tokenTexts: { plain: texts(false), withSpecialTokens: texts(true) },
		outputFormat: createOutputFormat({
			template,
			toolUseTemplate,
			toolCallParser: config.toolCallParser,
			reasoningParser: config.reasoningParser,
		}),
		adapters,
		maxAdapters: adaptersAtOnce(plan, config),
		supervisor,
		maxSequences: plan.load.options.maxSequences,
		queue: {
			maxQueuedRequests: config.maxQueuedRequests,
			maxQueuedPromptTokens: config.maxQueuedPromptTokens,
			maxQueueSeconds: config.maxQueueSeconds,
			maxSequences: plan.load.options.maxSequences,
		},
		metrics,
		tracing,
		logger,
	});
}
