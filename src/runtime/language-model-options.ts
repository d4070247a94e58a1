import type { AdapterRegistry } from "../adapters/adapter-registry.ts";
import type { ModelEntry, ModelFacts } from "../core/language-service.ts";
import type { Logger } from "../observability/logger.ts";
import type { QueueLimits } from "./admission-queue.ts";
import type { EngineSupervisor } from "./engine-supervisor.ts";
import type { ModelTextOptions } from "./model-text.ts";
import type { RequestObservers } from "./request-metrics.ts";

export interface LanguageModelOptions
	extends ModelTextOptions,
		RequestObservers {
	entry: ModelEntry;
	facts: ModelFacts;
	/** Null where the model takes none. */
	adapters: AdapterRegistry | null;
	/** Adapters that the engine holds at once. */
	maxAdapters: number;
	/** Started already, so that the weights load while the rest of the service is put together. */
	supervisor: EngineSupervisor;
	maxSequences: number;
	queue: QueueLimits;
	logger: Logger;
}
