import type { ServerResponse } from "node:http";
import { GalleyError } from "../../core/errors.ts";
import type { ReplicaMetrics } from "../replicas/replica-metrics.ts";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import type { OwnRoute } from "./own-route.ts";

export interface LiveRouteParts {
	services: ReadonlyMap<string, ReplicaSet>;
	metrics: ReplicaMetrics;
}

const everyMs = 1000;
const mostReaders = 100;
/** Whoever has taken nothing for so long has gone without saying so. */
const mostMissed = 30;

/** How every replica does, once a second, until the reader leaves. */
export function liveRoutes(parts: LiveRouteParts): OwnRoute[] {
	const readers = new LiveReaders(parts);
	return [
		{
			method: "GET",
			path: "/v1/fleet/live",
			scope: "read",
			summary: "Server-sent events, one a second: what each replica computes",
			details: { contentType: "text/event-stream" },
			async answer({ response }) {
				readers.add(response);
				return "written";
			},
		},
	];
}

class LiveReaders {
	readonly #parts: LiveRouteParts;
	/** With how many moments in a row it has missed. */
	readonly #readers = new Map<ServerResponse, number>();
	#timer: NodeJS.Timeout | null = null;
	#looking: Disposable | null = null;

	constructor(parts: LiveRouteParts) {
		this.#parts = parts;
	}

	add(response: ServerResponse): void {
		if (this.#readers.size >= mostReaders)
			throw new GalleyError(
				"queue_full",
				`${mostReaders} others watch the fleet already. Try again when one has left.`,
				{ retryAfterSeconds: 30 },
			);
		response.writeHead(200, {
			"content-type": "text/event-stream",
			"cache-control": "no-store",
		});
		response.once("close", () => this.#remove(response));
		this.#readers.set(response, 0);
		this.#looking ??= this.#parts.metrics.look();
		this.#timer ??= setInterval(() => this.#tell(), everyMs);
		response.write(toEvent(this.#parts));
	}

	#remove(response: ServerResponse): void {
		this.#readers.delete(response);
		if (this.#readers.size > 0) return;
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
		this.#looking?.[Symbol.dispose]();
		this.#looking = null;
	}

	/** One text for all; who reads slowly misses moments, and never has more than one waiting here. */
	#tell(): void {
		const event = toEvent(this.#parts);
		for (const [response, missed] of this.#readers) {
			if (!response.writableNeedDrain) {
				this.#readers.set(response, 0);
				response.write(event);
			} else if (missed < mostMissed) this.#readers.set(response, missed + 1);
			else response.destroy();
		}
	}
}

function toEvent({ services, metrics }: LiveRouteParts): string {
	const moment = {
		at: Date.now(),
		services: [...services].map(([name, set]) => ({
			name,
			replicas: set.replicas.map(({ id, phase }) => ({
				id,
				phase,
				...nothing,
				...metrics.reading(id),
				memoryBytes: metrics.memoryBytes(id),
				sequences: metrics.sequences(id),
			})),
		})),
	};
	return `data: ${JSON.stringify(moment)}\n\n`;
}

/** Of a replica that doesn't tell. */
const nothing = {
	running: 0,
	waiting: 0,
	maxSequences: null,
	kvUse: null,
	stepMs: null,
	tokensPerSecond: 0,
	ttftMs: null,
	itlMs: null,
};
