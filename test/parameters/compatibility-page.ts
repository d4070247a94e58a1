import { casesOf } from "./all-cases.ts";
import { type RouteName, routeNames } from "./dialects.ts";
import { describedAs, isRefused, routeSchemas } from "./route-schemas.ts";

const titles: Readonly<Record<RouteName, string>> = {
	"/v1/chat/completions": "Chat completions",
	"/v1/completions": "Completions",
	"/v1/responses": "Responses",
	"/v1/messages": "Messages",
};

const introduction = `# Compatibility

What each parameter of the four APIs does here. A parameter that is not in these tables is a 400 that names it; one that can't
be honoured is never ignored silently. The tables are made of the schemas that requests are checked by and of the cases in
\`test/parameters/\`, which send every parameter to a running service, look at what it does, and fail without it; \`npx vitest run
test/compatibility.test.ts --update\` writes this page.

- **supported**: does what the last column says; a case proves it.
- **partly**: the same, and something of it isn't done.
- **accepted**: the answer is the same with it and without it; a case proves it.
- **not**: a 400 that names it, unless its value asks for what happens anyway; the last column says what to do instead.
`;

/** What stands behind a parameter: its schema where that refuses it, else its cases. */
function toRow(route: RouteName, parameter: string): string {
	const description = describedAs(route, parameter);
	if (isRefused(description))
		return `| \`${parameter}\` | not | ${description} |`;
	const cases = casesOf(route)
		.filter(({ name }) => name === parameter)
		.map(({ one }) => one);
	const statuses = cases.map(({ status }) => status);
	const status =
		["partly", "supported", "accepted"].find((one) =>
			(statuses as string[]).includes(one),
		) ?? "untested";
	const claims = cases.map(({ claim }) => claim).join("; ");
	return `| \`${parameter}\` | ${status} | ${claims} |`;
}

export function renderCompatibilityPage(): string {
	const sections = routeNames.map((route) => {
		const rows = Object.keys(routeSchemas[route].shape).map((parameter) =>
			toRow(route, parameter),
		);
		return [
			`## ${titles[route]}: \`POST ${route}\``,
			"",
			"| parameter | status | what it does, or what to do instead |",
			"| --- | --- | --- |",
			...rows,
			"",
		].join("\n");
	});
	return [introduction, ...sections].join("\n");
}
