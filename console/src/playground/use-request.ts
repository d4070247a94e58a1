import { useCallback, useEffect, useRef, useState } from "react";
import { api } from "../api/client.ts";
import type { Failure } from "./logic/answer.ts";
import { toFailure } from "./logic/generate.ts";

export type RequestState<T> =
	| { phase: "idle" }
	| { phase: "running" }
	| { phase: "done"; answer: T; ms: number }
	| { phase: "failed"; failure: Failure };

/** A request that is answered in one piece. A new one takes the place of the one before, which is then given up. */
export function useRequest<T>(path: string, read: (body: unknown) => T) {
	const [state, setState] = useState<RequestState<T>>({ phase: "idle" });
	const running = useRef<AbortController | null>(null);
	const reader = useRef(read);
	reader.current = read;

	const stop = useCallback(() => {
		running.current?.abort();
		running.current = null;
		setState((current) =>
			current.phase === "running" ? { phase: "idle" } : current,
		);
	}, []);

	useEffect(() => () => running.current?.abort(), []);

	const run = useCallback(
		async (body: Readonly<Record<string, unknown>>) => {
			running.current?.abort();
			const controller = new AbortController();
			running.current = controller;
			setState({ phase: "running" });
			const startedAt = performance.now();
			let next: RequestState<T>;
			try {
				const { signal } = controller;
				const answer = reader.current(await api.post(path, body, { signal }));
				next = { phase: "done", answer, ms: performance.now() - startedAt };
			} catch (error) {
				next = { phase: "failed", failure: toFailure(error) };
			}
			if (running.current !== controller) return;
			running.current = null;
			setState(next);
		},
		[path],
	);

	return { state, run, stop, isRunning: state.phase === "running" };
}
