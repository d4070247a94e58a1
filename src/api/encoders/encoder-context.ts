import type {
	EmbeddingService,
	EncoderService,
	RankingService,
} from "../../core/embedding-service.ts";
import type { EncoderMetrics } from "../../observability/encoder-metrics.ts";
import type { ServiceContext } from "../api-context.ts";
import type { ApiMetrics } from "../observers.ts";

export type EncoderApiMetrics = ApiMetrics &
	Pick<EncoderMetrics, "requestEncoded" | "requestFailed">;

/** What the routes of a service without generation are given. */
export interface EncoderContext<Service extends EncoderService = EncoderService>
	extends ServiceContext {
	readonly service: Service;
	readonly metrics: EncoderApiMetrics;
}

export type EmbeddingContext = EncoderContext<EmbeddingService>;
export type RankingContext = EncoderContext<RankingService>;
