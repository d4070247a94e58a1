import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import { describeRoutes, type OpenApi } from "./describe-routes.ts";
import type { OwnRoute } from "./own-route.ts";

/** Texts that this package has and the gateway shows. */
export interface GatewayDocuments {
	license: Readonly<Record<string, string | number>>;
	/** The page that shows `/openapi.json`, the header that says what it may load, and its script. */
	docsPage: string;
	docsPolicy: string;
	docsScriptPath(): string;
}

export interface DocumentRouteParts {
	services: ReadonlyMap<string, ReplicaSet>;
	version: string;
	documents: GatewayDocuments | undefined;
	/** Those of the gateway itself. */
	routes(): readonly OwnRoute[];
}

const documentMs = 5000;

/** What can be asked here: the gateway's own routes, and those of the services that are ready. */
export function documentRoutes(parts: DocumentRouteParts): OwnRoute[] {
	const { documents } = parts;
	const document: OwnRoute = {
		method: "GET",
		path: "/openapi.json",
		scope: "open",
		summary: "This API as an OpenAPI 3.1 document",
		answer: async () => ({ body: await wholeDocument(parts) }),
	};
	if (documents === undefined) return [document];
	return [
		document,
		{
			method: "GET",
			path: "/docs",
			scope: "open",
			summary: "This API as a page",
			details: { contentType: "text/html" },
			answer: async () => ({
				content: documents.docsPage,
				contentType: "text/html; charset=utf-8",
				headers: {
					"content-security-policy": documents.docsPolicy,
					"x-content-type-options": "nosniff",
				},
			}),
		},
		{
			method: "GET",
			path: "/docs/scalar.js",
			scope: "open",
			summary: "That page's script",
			details: { contentType: "text/javascript" },
			async answer({ response }) {
				response.writeHead(200, {
					"content-type": "text/javascript; charset=utf-8",
					"cache-control": "public, max-age=3600",
				});
				// Read at each call and never held in memory: it is megabytes and rarely asked for.
				await pipeline(createReadStream(documents.docsScriptPath()), response);
				return "written";
			},
		},
	];
}

/** `/v1/models/{model}` and `/v1/models/{id}` are the same path. */
const withoutNames = (path: string) => path.replaceAll(/\{\w+\}/g, "{}");

async function wholeDocument({
	services,
	version,
	routes,
}: DocumentRouteParts): Promise<OpenApi> {
	const ready = [...services.values()].flatMap((set) =>
		set.replicas.filter(({ phase }) => phase === "ready").slice(0, 1),
	);
	const theirs = await Promise.all(
		ready.map(async ({ pool }) => {
			try {
				const { statusCode, body } = await pool.request({
					method: "GET",
					path: "/openapi.json",
					signal: AbortSignal.timeout(documentMs),
				});
				const document = (await body.json()) as OpenApi;
				return statusCode === 200 ? document : {};
			} catch {
				// It is busy or going: the others' routes are most likely the same.
				return {};
			}
		}),
	);
	const whole: OpenApi = {
		openapi: "3.1.0",
		info: {
			title: "Galley",
			version,
			description:
				"One door in front of many models. The field `model` of a request says which one answers.",
		},
		paths: {},
		components: {},
		tags: [],
	};
	for (const document of theirs) merge(whole, document);
	merge(whole, describeRoutes(routes()));
	return whole;
}

/** What is there already stays: services of one release say the same of the same, and of what is theirs more than the gateway. */
function merge(whole: OpenApi, { paths, components, tags }: OpenApi): void {
	const into = whole.paths as Record<string, Record<string, unknown>>;
	for (const [path, methods] of Object.entries(paths ?? {})) {
		const known = Object.keys(into).find(
			(other) => withoutNames(other) === withoutNames(path),
		);
		into[known ?? path] = { ...methods, ...into[known ?? path] };
	}
	const parts = whole.components as Record<string, Record<string, unknown>>;
	for (const [kind, entries] of Object.entries(components ?? {}))
		parts[kind] = { ...entries, ...parts[kind] };
	const known = new Set(whole.tags?.map(({ name }) => name));
	for (const tag of tags ?? []) if (!known.has(tag.name)) whole.tags?.push(tag);
}
