import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client.ts";
import { sessionKey } from "../api/session.ts";

/** Refused keys lead back to the sign-in; what the gateway refused is not asked again. */
export function createQueryClient(): QueryClient {
	const onError = (error: unknown) => {
		if (error instanceof ApiError && error.status === 401)
			void client.invalidateQueries({ queryKey: sessionKey });
	};
	const client: QueryClient = new QueryClient({
		queryCache: new QueryCache({
			onError: (error, { queryKey }) => {
				if (queryKey[0] !== sessionKey[0]) onError(error);
			},
		}),
		mutationCache: new MutationCache({ onError }),
		defaultOptions: {
			queries: {
				// A gateway on this machine answers without the internet.
				networkMode: "always",
				staleTime: 5000,
				// What could not be asked is asked again once the gateway is back; nobody has to press anything.
				refetchInterval: ({ state }) =>
					state.error instanceof ApiError && state.error.isOffline
						? 5000
						: false,
				retry: (count, error) =>
					error instanceof ApiError &&
					(error.isOffline || error.status >= 502) &&
					count < 2,
			},
			mutations: { networkMode: "always", retry: false },
		},
	});
	return client;
}
