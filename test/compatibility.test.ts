import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { casesOf } from "./parameters/all-cases.ts";
import { renderCompatibilityPage } from "./parameters/compatibility-page.ts";
import { routeNames } from "./parameters/dialects.ts";
import { refusedParameters } from "./parameters/policy-cases.ts";
import {
	describedAs,
	isRefused,
	routeSchemas,
} from "./parameters/route-schemas.ts";

/** The cases themselves are run by parameters/parameters.test.ts. */
describe.each(routeNames)("the parameters of POST %s", (route) => {
	const parameters = Object.keys(routeSchemas[route].shape);
	const refused = refusedParameters
		.filter(({ routes }) => routes.includes(route))
		.map(({ name }) => name);
	const honoured = casesOf(route);

	it("each have a case, and each case has a parameter", () => {
		const known = [...refused, ...honoured.map(({ name }) => name)];
		expect([...new Set(known)].sort()).toEqual([...parameters].sort());
	});

	it("are refused exactly where the schema refuses them", () => {
		const expected = parameters.filter((name) =>
			isRefused(describedAs(route, name)),
		);
		expect([...refused].sort()).toEqual(expected.sort());
		for (const { name } of honoured) expect(refused).not.toContain(name);
	});

	it("are said to have no effect exactly where a case finds none", () => {
		const expected = parameters.filter((name) =>
			/has no effect/.test(describedAs(route, name)),
		);
		const ignored = honoured
			.filter(({ one }) => one.status === "accepted")
			.map(({ name }) => name);
		expect(ignored.sort()).toEqual(expected.sort());
	});
});

describe("docs/compatibility.md", () => {
	it("is what the schemas and the cases make of it", async () => {
		const page = renderCompatibilityPage();
		expect(page).not.toContain("| untested |");
		await expect(page).toMatchFileSnapshot(
			fileURLToPath(new URL("../docs/compatibility.md", import.meta.url)),
		);
	});
});
