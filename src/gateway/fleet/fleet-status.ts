import type { ProcessPhase } from "../replicas/service-process.ts";

export interface ReplicaStatus {
	id: string;
	phase: ProcessPhase;
	pid: number | null;
	ageSeconds: number;
	/** How often it died by itself. */
	deaths: number;
	/** Of requests that it has not answered yet, as far as the gateway can tell. */
	outstandingTokens: number;
}

/** What `galley ps` and the console show. */
export interface FleetStatus {
	services: readonly {
		name: string;
		model: string;
		start: "always" | "on-demand";
		replicas: readonly ReplicaStatus[];
	}[];
	upstreams: readonly {
		name: string;
		url: string;
		models: readonly string[];
	}[];
	aliases: readonly string[];
}
