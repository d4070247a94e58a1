import type { ServiceConfig } from "../config/service-config.ts";
import type { AdapterDemand } from "../models/memory-need.ts";

type AdapterConfig = Pick<
	ServiceConfig,
	"lora" | "loraDir" | "maxLoras" | "maxLoraRank" | "allowLoraManagement"
>;

/** Most published adapters have this rank or less; who has larger ones says so with --max-lora-rank. */
const usualRank = 16;

/** How many adapters are to be in the engine at once, as far as the configuration tells; null is none. */
export function adapterDemand(config: AdapterConfig): AdapterDemand | null {
	const { lora, loraDir, maxLoras, maxLoraRank, allowLoraManagement } = config;
	const isOpen = loraDir !== null || allowLoraManagement;
	if (!isOpen && lora.length === 0) return null;
	return {
		count: isOpen ? maxLoras : Math.min(maxLoras, lora.length),
		rank: maxLoraRank ?? usualRank,
	};
}
