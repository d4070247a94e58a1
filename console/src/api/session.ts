import { useQuery } from "@tanstack/react-query";
import { ApiError } from "./api-error.ts";
import { api } from "./http.ts";

export type Scope = "inference" | "read" | "admin";

export interface Session {
	keysRequired: boolean;
	signedIn: boolean;
	principal: {
		name: string;
		tenant: string;
		scopes: readonly Scope[];
		models: readonly string[] | null;
	} | null;
	version: string;
	features: readonly string[];
}

export const sessionKey = ["session"] as const;

/** Who we are to this gateway, and what we may do. */
export function useSession() {
	const query = useQuery({
		queryKey: sessionKey,
		queryFn: ({ signal }) => readSession(signal),
		staleTime: 30_000,
		refetchInterval: 30_000,
		retry: 1,
	});
	const session = query.data ?? null;
	const may = (scope: Scope) =>
		session !== null &&
		(!session.keysRequired ||
			(session.principal?.scopes.includes(scope) ?? false));
	return {
		...query,
		session,
		/** May change the fleet, keys and runs. */
		mayAdmin: may("admin"),
		/** May look at the fleet. */
		mayRead: may("read") || may("admin"),
		/** May ask models. */
		mayInfer: may("inference"),
	};
}

/** A gateway or a single service that knows no sessions is asked whether it wants a key. */
export async function readSession(
	signal?: AbortSignal,
	key?: string,
): Promise<Session> {
	const options = {
		...(signal === undefined ? {} : { signal }),
		...(key === undefined ? {} : { key }),
	};
	try {
		return await api.get<Session>("/v1/session", options);
	} catch (error) {
		if (!(error instanceof ApiError)) throw error;
		if (error.status === 401) return withoutSessions(true);
		if (error.status !== 404) throw error;
		return withoutSessions(false);
	}
}

function withoutSessions(keysRequired: boolean): Session {
	return {
		keysRequired,
		signedIn: !keysRequired,
		principal: null,
		version: "",
		features: [],
	};
}
