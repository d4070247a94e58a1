import type { RouteName } from "./dialects.ts";
import { routeNames } from "./dialects.ts";
import type { RouteClient } from "./route-client.ts";

/** What a parameter does, and the proof that it does it. The page docs/compatibility.md is made of these. */
export interface ParameterCase {
	/** Its name on each route that it is the same on. */
	names: Partial<Record<RouteName, string>>;
	/** For the page: what is proven. */
	claim: string;
	status: "supported" | "partly" | "accepted";
	prove(route: RouteClient, name: string): Promise<void>;
}

type Names = string | Partial<Record<RouteName, string>>;

export function supported(
	names: Names,
	claim: string,
	prove: ParameterCase["prove"],
	routes: readonly RouteName[] = routeNames,
): ParameterCase {
	return { names: toNames(names, routes), claim, status: "supported", prove };
}

export function partly(
	names: Names,
	claim: string,
	prove: ParameterCase["prove"],
	routes: readonly RouteName[] = routeNames,
): ParameterCase {
	return { names: toNames(names, routes), claim, status: "partly", prove };
}

function toNames(
	names: Names,
	routes: readonly RouteName[],
): ParameterCase["names"] {
	if (typeof names !== "string") return names;
	return Object.fromEntries(routes.map((route) => [route, names]));
}

export const completionRoutes = [
	"/v1/chat/completions",
	"/v1/completions",
] as const satisfies readonly RouteName[];

/** Those that read messages. */
export const conversationRoutes = [
	"/v1/chat/completions",
	"/v1/responses",
	"/v1/messages",
] as const satisfies readonly RouteName[];
