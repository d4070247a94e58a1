import type { FastifyInstance } from "fastify";
import { GalleyError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";

/** 404 and 405 in the one error shape. A path that exists is answered with the methods that it has. */
export function registerUnknownRoutes(app: FastifyInstance): void {
	const methodsByPath = new Map<string, Set<string>>();

	app.addHook("onRoute", ({ url, method }) => {
		// The preflight route of the CORS plugin is no path of ours.
		if (url === "*") return;
		const methods = methodsByPath.get(url) ?? new Set<string>();
		for (const one of Array.isArray(method) ? method : [method])
			methods.add(one);
		methodsByPath.set(url, methods);
	});

	// Before the body is parsed: whatever it is, it's for nobody.
	app.addHook("onRequest", (request, reply, done) => {
		if (!request.is404) return done();
		const path = pathOf(request.url);
		const methods = findMethods(methodsByPath, path);
		if (methods === undefined) {
			const near = nearestName(path, methodsByPath.keys());
			const hint =
				near === null
					? "GET /openapi.json lists all routes."
					: `Did you mean ${near}?`;
			return done(
				new GalleyError(
					"not_found",
					`There is no ${request.method} ${path}. ${hint}`,
				),
			);
		}
		const allow = [...methods, "OPTIONS"].sort().join(", ");
		reply.header("allow", allow);
		if (request.method === "OPTIONS") {
			reply.code(204).send();
			return;
		}
		done(
			new GalleyError(
				"method_not_allowed",
				`${path} does not know ${request.method}. Use ${allow}.`,
			),
		);
	});

	// Never reached in practice: the hook above has answered.
	app.setNotFoundHandler((request) => {
		throw new GalleyError(
			"not_found",
			`There is no ${request.method} ${pathOf(request.url)}.`,
		);
	});
}

function pathOf(url: string): string {
	const end = url.indexOf("?");
	const path = end < 0 ? url : url.slice(0, end);
	return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function findMethods(
	methodsByPath: ReadonlyMap<string, Set<string>>,
	path: string,
): Set<string> | undefined {
	const exact = methodsByPath.get(path);
	if (exact !== undefined) return exact;
	for (const [pattern, methods] of methodsByPath) {
		if (pattern.endsWith("/*") && path.startsWith(pattern.slice(0, -1)))
			return methods;
		if (pattern.includes("/:") && hasShape(path, pattern)) return methods;
	}
	return undefined;
}

/** `/v1/responses/:id/cancel`: a name stands for one segment. */
function hasShape(path: string, pattern: string): boolean {
	const segments = path.split("/");
	const shape = pattern.split("/");
	return (
		segments.length === shape.length &&
		shape.every(
			(part, index) =>
				part === segments[index] ||
				(part.startsWith(":") && segments[index] !== ""),
		)
	);
}
