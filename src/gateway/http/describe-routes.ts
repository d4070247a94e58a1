import { z } from "zod";
import type { OwnRoute, RouteDetails } from "./own-route.ts";

export interface OpenApi {
	paths?: Record<string, Record<string, unknown>>;
	components?: Record<string, Record<string, unknown>>;
	tags?: { name: string; description?: string }[];
	[field: string]: unknown;
}

const tag = {
	name: "Gateway",
	description: "The fleet, its keys and its figures.",
};

/** The gateway's own routes as the paths of an OpenAPI 3.1 document. Pure. */
export function describeRoutes(routes: readonly OwnRoute[]): OpenApi {
	const paths: Record<string, Record<string, unknown>> = {};
	for (const route of routes) {
		if (route.summary === null) continue;
		const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
		paths[path] = {
			...paths[path],
			[route.method.toLowerCase()]: describeRoute(route),
		};
	}
	return { paths, tags: [tag] };
}

function describeRoute({ method, path, scope, summary, details }: OwnRoute) {
	const { body } = details ?? {};
	const parameters = [
		...pathParameters(path, details),
		...queryParameters(details),
	];
	return {
		operationId: operationId(method, path),
		summary,
		tags: [tag.name],
		...(scope === "open"
			? { security: [] }
			: {
					description: `Needs a key with the scope \`${scope}\`, where keys are asked for.`,
				}),
		...(parameters.length === 0 ? {} : { parameters }),
		...(body === undefined
			? {}
			: {
					requestBody: {
						required: true,
						content: { "application/json": { schema: toSchema(body) } },
					},
				}),
		responses: answersOf(scope, details),
	};
}

function pathParameters(path: string, details: RouteDetails | undefined) {
	return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => {
		const description = details?.path?.[name] ?? usualParts[name];
		return {
			name,
			in: "path",
			required: true,
			schema: { type: "string" },
			...(description === undefined ? {} : { description }),
		};
	});
}

const usualParts: Readonly<Record<string, string>> = {
	id: "Its id.",
	name: "Its name.",
};

function queryParameters(details: RouteDetails | undefined) {
	if (details?.query === undefined) return [];
	const { properties = {}, required = [] } = toSchema(details.query) as {
		properties?: Record<string, { description?: string }>;
		required?: string[];
	};
	return Object.entries(properties).map(
		([name, { description, ...schema }]) => ({
			name,
			in: "query",
			required: required.includes(name),
			schema,
			...(description === undefined ? {} : { description }),
		}),
	);
}

function answersOf(
	scope: OwnRoute["scope"],
	details: RouteDetails | undefined,
) {
	const {
		status = 200,
		returns = "The answer.",
		contentType = "application/json",
	} = details ?? {};
	const isJson = contentType === "application/json";
	const schema = { type: isJson ? "object" : "string" };
	return {
		[status]: { description: returns, content: { [contentType]: { schema } } },
		...(scope === "open"
			? {}
			: {
					401: failure("No key of this gateway, or one that has expired."),
					403: failure(`The key doesn't have the scope \`${scope}\`.`),
				}),
		default: failure("What went wrong, and what to do about it."),
	};
}

const errorSchema = {
	type: "object",
	required: ["error"],
	properties: {
		error: {
			type: "object",
			required: ["message", "type", "param", "code"],
			properties: {
				message: { type: "string" },
				type: { type: "string" },
				param: { type: ["string", "null"] },
				code: { type: ["string", "null"] },
			},
		},
	},
};

const failure = (description: string) => ({
	description,
	content: { "application/json": { schema: errorSchema } },
});

function toSchema(shape: z.ZodType): Record<string, unknown> {
	const { $schema: _, ...schema } = z.toJSONSchema(shape, {
		io: "input",
		unrepresentable: "any",
	});
	return schema;
}

/** `POST /v1/fleet/services/:name/stop` -> `gatewayPostV1FleetServicesNameStop` */
function operationId(method: string, path: string): string {
	const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
	const rest = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`);
	return `gateway${method[0]}${method.slice(1).toLowerCase()}${rest.join("")}`;
}
