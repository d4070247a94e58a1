import { useQuery, useQueryClient } from "@tanstack/react-query";
import { SessionStore } from "../logic/session-store.ts";
import { openDrive } from "./indexed-drive.ts";

const listKey = ["playground-sessions"] as const;

/** The sessions kept in this browser; the store is null until it is open. */
export function useSessionStore() {
	const queries = useQueryClient();
	const { data: store = null } = useQuery({
		queryKey: ["playground-store"],
		queryFn: async () => new SessionStore(await openDrive()),
		staleTime: Number.POSITIVE_INFINITY,
		gcTime: Number.POSITIVE_INFINITY,
		refetchInterval: false,
	});
	const { data: sessions = [] } = useQuery({
		queryKey: listKey,
		queryFn: () => store?.list() ?? [],
		enabled: store !== null,
		refetchInterval: false,
	});
	return {
		store,
		sessions,
		refresh: () => void queries.invalidateQueries({ queryKey: listKey }),
	};
}
