import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casesOf } from "./all-cases.ts";
import { type RouteName, routeNames } from "./dialects.ts";
import { proveRefused, refusedParameters } from "./policy-cases.ts";
import { RouteClient } from "./route-client.ts";
import { describedAs } from "./route-schemas.ts";
import { startTestedServices, type TestedServices } from "./running-service.ts";

let services: TestedServices;

beforeAll(async () => {
	services = await startTestedServices();
}, 60_000);
afterAll(() => services[Symbol.asyncDispose](), 30_000);

const clientOf = (route: RouteName) => new RouteClient(route, services);

describe.each(routeNames)("POST %s", (route) => {
	test.each(casesOf(route))("$name: $one.claim", async ({ name, one }) => {
		const client = clientOf(route);
		await one.prove(client, name);
		// A property of the case: one of its routes shows it.
		const [first] = Object.keys(one.names);
		if (first === route && one.status !== "accepted")
			await expect(one.prove(client.without(name), name)).rejects.toThrow();
	});

	test.each(refusedParameters.filter(({ routes }) => routes.includes(route)))(
		"$name is refused, with what to do instead",
		(refused) =>
			proveRefused(clientOf(route), refused, describedAs(route, refused.name)),
	);
});
