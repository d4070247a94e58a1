import { useEffect, useState } from "react";
import { ApiError, api, isAbort, useSession } from "../api/client.ts";
import type { FleetMoment } from "../api/fleet-types.ts";
import { type LooseMoment, readMoment } from "../api/read-fleet.ts";

/** Seconds that are kept. */
const longest = 180;
const backOffMs = [1000, 2000, 5000, 10_000] as const;

export interface FleetLive {
	/** The latest last. */
	moments: readonly FleetMoment[];
	status: "connecting" | "live" | "lost";
	/** Why there will be none: the gateway has no such stream, or the key may not see it. */
	error: ApiError | null;
}

/** The fleet's seconds as they pass; a stream that breaks off is opened again. */
export function useFleetLive(): FleetLive {
	const { mayRead } = useSession();
	const [live, setLive] = useState<FleetLive>({
		moments: [],
		status: "connecting",
		error: null,
	});
	useEffect(() => {
		if (!mayRead) return;
		const controller = new AbortController();
		const { signal } = controller;
		const follow = async () => {
			for (let attempt = 0; !signal.aborted; attempt++) {
				try {
					for await (const { data } of api.stream("/v1/fleet/live", {
						signal,
					})) {
						attempt = 0;
						const moment = readMoment(JSON.parse(data) as LooseMoment);
						setLive(({ moments }) => ({
							moments: [...moments, moment].slice(-longest),
							status: "live",
							error: null,
						}));
					}
				} catch (error) {
					if (isAbort(error)) return;
					if (
						error instanceof ApiError &&
						error.status >= 400 &&
						error.status < 500
					) {
						setLive((before) => ({ ...before, status: "lost", error }));
						return;
					}
				}
				if (signal.aborted) return;
				setLive((before) => ({ ...before, status: "lost" }));
				await pause(backOffMs[Math.min(attempt, 3)] ?? 10_000, signal);
			}
		};
		void follow();
		return () => controller.abort();
	}, [mayRead]);
	return live;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener(
			"abort",
			() => {
				clearTimeout(timer);
				resolve();
			},
			{ once: true },
		);
	});
}
