import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
	AutoscaledService,
	DeployRequest,
	LogLine,
	Service,
} from "./fleet-types.ts";
import { api } from "./http.ts";
import { type LooseFleet, readFleet, readService } from "./read-fleet.ts";
import { useSession } from "./session.ts";

export const fleetKey = ["fleet"] as const;

const restingPhases = new Set(["ready", "stopped", "asleep", "failed"]);

/** Every service and what its replicas do; looked at more often while something changes. */
export function useFleet() {
	const { mayRead } = useSession();
	return useQuery({
		queryKey: fleetKey,
		queryFn: async ({ signal }) =>
			readFleet(await api.get<LooseFleet>("/v1/fleet", { signal })),
		enabled: mayRead,
		refetchInterval: ({ state }) =>
			state.data?.services.some(isMoving) ? 1000 : 5000,
	});
}

export function isMoving({ replicas }: Service): boolean {
	return replicas.some(({ phase }) => !restingPhases.has(phase));
}

export interface ServedModel {
	id: string;
	/** Null for a base model; an adapter names its base. */
	parent: string | null;
	max_model_len?: number | null;
	owned_by?: string;
}

/** What can be asked right now, as OpenAI's clients see it. */
export function useServedModels() {
	const { mayInfer } = useSession();
	return useQuery({
		queryKey: ["models"],
		queryFn: async ({ signal }) =>
			(await api.get<{ data: ServedModel[] }>("/v1/models", { signal })).data,
		enabled: mayInfer,
		refetchInterval: 10_000,
	});
}

export type ServiceAction = "start" | "stop" | "restart";

/** What can be done to services; each makes the fleet be looked at again. */
export function useFleetActions() {
	const queries = useQueryClient();
	const onSettled = () =>
		Promise.all([
			queries.invalidateQueries({ queryKey: fleetKey }),
			queries.invalidateQueries({ queryKey: ["models"] }),
		]);
	const path = (name: string) =>
		`/v1/fleet/services/${encodeURIComponent(name)}`;
	return {
		act: useMutation({
			mutationFn: ({ name, action }: { name: string; action: ServiceAction }) =>
				api.post(`${path(name)}/${action}`),
			onSettled,
		}),
		scale: useMutation({
			mutationFn: ({ name, replicas }: { name: string; replicas: number }) =>
				api.post(`${path(name)}/scale`, { replicas }),
			onSettled,
		}),
		deploy: useMutation({
			mutationFn: async (request: DeployRequest) =>
				readService(await api.post("/v1/fleet/services", request)),
			onSettled,
		}),
		remove: useMutation({
			mutationFn: (name: string) => api.delete(path(name)),
			onSettled,
		}),
		reload: useMutation({
			mutationFn: () =>
				api.post<{ changed: string[]; problems: string[] }>("/v1/fleet/reload"),
			onSettled,
		}),
	};
}

export function useAutoscale() {
	return useQuery({
		queryKey: ["autoscale"],
		queryFn: async ({ signal }) =>
			(
				await api.get<{ services: AutoscaledService[] }>(
					"/v1/fleet/autoscale",
					{
						signal,
					},
				)
			).services,
		refetchInterval: 5000,
		retry: false,
	});
}

export function useLogs(name: string, lines: number) {
	return useQuery({
		queryKey: ["logs", name, lines],
		queryFn: async ({ signal }) =>
			(
				await api.get<{ lines: LogLine[] }>(
					`/v1/fleet/services/${encodeURIComponent(name)}/logs`,
					{ query: { lines }, signal },
				)
			).lines,
		retry: false,
	});
}
