import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
	ApiKey,
	Blueprint,
	CreatedKey,
	KeyRequest,
	UsageAnswer,
} from "./access-types.ts";
import { api, type Query } from "./http.ts";

const keysKey = ["keys"] as const;

type Listed<Item> =
	| readonly Item[]
	| {
			data?: readonly Item[];
			keys?: readonly Item[];
			blueprints?: readonly Item[];
	  };

/** Lists come as an array, or as OpenAI's `{data: [...]}`. */
function itemsOf<Item>(answer: Listed<Item>): readonly Item[] {
	if ("length" in answer) return answer;
	return answer.data ?? answer.keys ?? answer.blueprints ?? [];
}

export function useKeys() {
	return useQuery({
		queryKey: keysKey,
		queryFn: async ({ signal }) =>
			itemsOf(await api.get<Listed<ApiKey>>("/v1/keys", { signal })),
	});
}

export function useKeyActions() {
	const queries = useQueryClient();
	const onSettled = () => queries.invalidateQueries({ queryKey: keysKey });
	const path = (id: string) => `/v1/keys/${encodeURIComponent(id)}`;
	return {
		create: useMutation({
			mutationFn: (request: KeyRequest) =>
				api.post<CreatedKey>("/v1/keys", request),
			onSettled,
		}),
		rotate: useMutation({
			mutationFn: (id: string) => api.post<CreatedKey>(`${path(id)}/rotate`),
			onSettled,
		}),
		change: useMutation({
			mutationFn: ({ id, ...request }: Partial<KeyRequest> & { id: string }) =>
				api.patch<ApiKey>(path(id), request),
			onSettled,
		}),
		revoke: useMutation({
			mutationFn: (id: string) => api.delete(path(id)),
			onSettled,
		}),
	};
}

export function useUsage(question: Query) {
	return useQuery({
		queryKey: ["usage", question],
		queryFn: ({ signal }) =>
			api.get<UsageAnswer>("/v1/usage", { query: question, signal }),
		refetchInterval: 30_000,
		placeholderData: (previous) => previous,
	});
}

export function useBlueprints() {
	return useQuery({
		queryKey: ["blueprints"],
		queryFn: async ({ signal }) =>
			itemsOf(await api.get<Listed<Blueprint>>("/v1/blueprints", { signal })),
		refetchInterval: 10_000,
	});
}
