import { join } from "node:path";
import { AdapterRegistry } from "../adapters/adapter-registry.ts";
import { AdapterWatch } from "../adapters/adapter-watch.ts";
import { dataDirectory } from "../config/data-directory.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import type { Logger } from "../observability/logger.ts";
import type { EngineSupervisor } from "../runtime/engine-supervisor.ts";
import type { ModelPlan } from "./model-plan.ts";

/** The adapters of one service: those named at start, and the directory that may be watched. */
interface ServiceAdapters extends Disposable {
	registry: AdapterRegistry;
	/** Loads what was named at start; resolves when each is ready or listed with its problem. */
	start(): Promise<void>;
}

export async function openAdapters(
	plan: ModelPlan,
	config: ServiceConfig,
	logger: Logger,
	supervisor: EngineSupervisor,
): Promise<ServiceAdapters> {
	const { loraDir, loraRoot, maxLoraRank, loraRefreshSeconds } = config;
	const log = (level: "info" | "warn", message: string) =>
		logger[level]({ component: "adapters" }, message);
	const registry = new AdapterRegistry({
		baseModelName: plan.name,
		baseModelPath: plan.load.options.modelPath,
		cacheDirectory: join(dataDirectory(process.env), "adapters"),
		maxRank: maxLoraRank,
		roots: loraDir === null ? loraRoot : [...loraRoot, loraDir],
		check: (file) => supervisor.checkAdapter(file),
		log,
	});
	const named = config.lora.map(toPair);
	const watch =
		loraDir === null
			? null
			: new AdapterWatch({
					directory: loraDir,
					registry,
					refreshSeconds: loraRefreshSeconds,
					takenNames: new Set(named.map(({ name }) => name)),
					log,
				});
	return {
		registry,
		async start() {
			const keepsCopy = false;
			await Promise.all(
				named.map(({ name, path }) =>
					registry.register(name, path, { keepsCopy }),
				),
			);
			await watch?.start();
		},
		[Symbol.dispose]: () => watch?.[Symbol.dispose](),
	};
}

/** Adapters that the engine holds. On a CPU its memory and the host's are the same. */
export function adaptersAtOnce(
	{ load }: ModelPlan,
	{ maxLoras, maxCpuLoras }: ServiceConfig,
): number {
	return load.options.gpuLayers === 0
		? Math.max(maxLoras, maxCpuLoras ?? 0)
		: maxLoras;
}

/** The option's type has seen to the form. */
function toPair(text: string): { name: string; path: string } {
	const at = text.indexOf("=");
	return { name: text.slice(0, at).trim(), path: text.slice(at + 1).trim() };
}
