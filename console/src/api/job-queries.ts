import {
	useMutation,
	useQueries,
	useQuery,
	useQueryClient,
} from "@tanstack/react-query";
import { useEffect } from "react";
import { api, isAbort } from "./http.ts";
import type {
	BenchmarkJob,
	BenchmarkRequest,
	EvaluationJob,
	EvaluationRequest,
	OptimizationJob,
	OptimizationRequest,
} from "./job-types.ts";

interface Kinds {
	benchmarks: { job: BenchmarkJob; request: BenchmarkRequest };
	evaluations: { job: EvaluationJob; request: EvaluationRequest };
	optimizations: { job: OptimizationJob; request: OptimizationRequest };
}
/** As the gateway's paths name them. */
export type JobKind = keyof Kinds;
export type JobOf<K extends JobKind> = Kinds[K]["job"];
export type ResultOf<K extends JobKind> = NonNullable<JobOf<K>["result"]>;

export function useJobs<K extends JobKind>(kind: K) {
	return useQuery({
		queryKey: [kind],
		queryFn: async ({ signal }) =>
			(await api.get<{ data: Kinds[K]["job"][] }>(`/v1/${kind}`, { signal }))
				.data,
		refetchInterval: ({ state }) =>
			state.data?.some((job) => job.state === "running") ? 2000 : 15_000,
	});
}

function jobQuery<K extends JobKind>(kind: K, id: string) {
	return {
		queryKey: [kind, id],
		queryFn: ({ signal }: { signal: AbortSignal }) =>
			api.get<Kinds[K]["job"]>(`/v1/${kind}/${encodeURIComponent(id)}`, {
				signal,
			}),
		staleTime: 5000,
	};
}

/** A run, kept up to date by its event stream while it goes on. */
export function useJob<K extends JobKind>(kind: K, id: string) {
	const queries = useQueryClient();
	const query = useQuery({
		...jobQuery(kind, id),
		// In case the stream breaks off.
		refetchInterval: ({ state }) =>
			state.data?.state === "running" ? 5000 : false,
	});
	const isRunning = query.data?.state === "running";
	useEffect(() => {
		if (!isRunning) return;
		const controller = new AbortController();
		const follow = async () => {
			const path = `/v1/${kind}/${encodeURIComponent(id)}/events`;
			try {
				for await (const { data } of api.stream(path, {
					signal: controller.signal,
				}))
					queries.setQueryData([kind, id], JSON.parse(data) as Kinds[K]["job"]);
			} catch (error) {
				// The next look at the run itself tells; only a stream is missing.
				if (!isAbort(error)) return;
			}
		};
		void follow();
		return () => controller.abort();
	}, [kind, id, isRunning, queries]);
	return query;
}

export function useJobResults<K extends JobKind>(
	kind: K,
	ids: readonly string[],
) {
	return useQueries({ queries: ids.map((id) => jobQuery(kind, id)) });
}

export function useJobActions<K extends JobKind>(
	kind: K,
	onStarted: (id: string) => void = () => undefined,
) {
	const queries = useQueryClient();
	const onSettled = () => queries.invalidateQueries({ queryKey: [kind] });
	return {
		start: useMutation({
			mutationFn: (request: Kinds[K]["request"]) =>
				api.post<Kinds[K]["job"]>(`/v1/${kind}`, request),
			onSuccess: ({ id }) => onStarted(id),
			onSettled,
		}),
		/** Stops one that runs; takes away one that has ended. */
		remove: useMutation({
			mutationFn: (id: string) =>
				api.delete(`/v1/${kind}/${encodeURIComponent(id)}`),
			onSettled,
		}),
	};
}
