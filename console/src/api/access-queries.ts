import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
	ApiKey,
	Blueprint,
	BlueprintFile,
	CreatedKey,
	KeyRequest,
	UsageAnswer,
} from "./access-types.ts";
import { api, type Query } from "./http.ts";
import { storedKey, storeKey } from "./key-storage.ts";
import { readSession, sessionKey } from "./session.ts";

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
			mutationFn: async (request: KeyRequest) => {
				const created = await api.post<CreatedKey>("/v1/keys", request);
				await goOnWith(created);
				return created;
			},
			onSettled: async () => {
				await queries.invalidateQueries({ queryKey: sessionKey });
				await onSettled();
			},
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

/**
 * From its first key on a gateway asks for one, also whoever just made it without any: signed in with it, they see its secret,
 * which is shown once, and go on with what it may. What goes wrong here doesn't undo the key: the sign-in would ask.
 */
async function goOnWith({ key }: CreatedKey): Promise<void> {
	if (storedKey() !== null) return;
	const session = await readSession().catch(() => null);
	if (session === null || (session.keysRequired && !session.signedIn))
		storeKey(key, false);
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

const sourcePath = (name: string) =>
	`/v1/blueprints/${encodeURIComponent(name)}/source`;

export function useBlueprintSource(name: string) {
	return useQuery({
		queryKey: ["blueprints", name, "source"],
		queryFn: ({ signal }) =>
			api.get<{ files: readonly BlueprintFile[] }>(sourcePath(name), {
				signal,
			}),
		staleTime: 60_000,
	});
}

export function useBlueprintFile(name: string, path: string) {
	return useQuery({
		queryKey: ["blueprints", name, "source", path],
		queryFn: ({ signal }) =>
			api.text(`${sourcePath(name)}/${encodeURIComponent(path)}`, { signal }),
		staleTime: 60_000,
	});
}
