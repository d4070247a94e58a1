import type { Authenticator } from "../access/principal.ts";
import type { OwnRoute } from "./own-route.ts";

export interface SessionRouteParts {
	authenticator: Authenticator;
	version: string;
	/** What this gateway has beside models and services, by names that the console knows: `usage`, `catalog` ... */
	features(): readonly string[];
}

/** Who the caller is, and what there is to see: what the console asks first. */
export function sessionRoutes({
	authenticator,
	version,
	features,
}: SessionRouteParts): OwnRoute[] {
	return [
		{
			method: "GET",
			path: "/v1/session",
			scope: "open",
			summary: "Who is asking, and what there is to see here",
			details: {
				returns:
					"{keysRequired, signedIn, principal: {name, tenant, scopes, models} or null, version, features}",
			},
			async answer(call) {
				// Right after the start it isn't known yet: then the answer waits, and not the page for another try.
				await authenticator.whenKnown?.().catch(() => undefined);
				const principal =
					call.principal ??
					(await authenticator.authenticate(call.request).catch(() => null));
				return {
					body: {
						keysRequired: authenticator.asksForKeys,
						signedIn: principal !== null,
						principal:
							principal === null
								? null
								: {
										name: principal.name,
										tenant: principal.tenant,
										scopes: principal.scopes,
										models: principal.models,
									},
						version,
						features: features(),
					},
					headers: { "cache-control": "no-store" },
				};
			},
		},
	];
}
