import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A page that reads `/openapi.json`. It works offline: nothing on it comes from another host. */

const configuration = JSON.stringify({
	url: "/openapi.json",
	proxyUrl: "",
	withDefaultFonts: false,
	telemetry: false,
	hideClientButton: true,
	showDeveloperTools: "never",
	// The page's assistant lives on another host, where this page may not go.
	customCss: ".t-doc__sidebar button.whitespace-nowrap { display: none; }",
});

const startScript = `Scalar.createApiReference('#app', ${configuration})`;

export const docsPage = `<!doctype html>
<html lang="en">
  <head>
    <title>Galley API</title>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
  </head>
  <body>
    <div id="app"></div>
    <script src="/docs/scalar.js"></script>
    <script>${startScript}</script>
  </body>
</html>
`;

/** The page styles itself as it runs, hence inline styles; scripts are the bundle and the one line above. */
export const docsPolicy = {
	defaultSrc: ["'none'"],
	scriptSrc: [
		"'self'",
		`'sha256-${createHash("sha256").update(startScript).digest("base64")}'`,
	],
	styleSrc: ["'self'", "'unsafe-inline'"],
	imgSrc: ["'self'", "data:"],
	fontSrc: ["'self'", "data:"],
	connectSrc: ["'self'"],
	workerSrc: ["'self'", "blob:"],
	baseUri: ["'none'"],
	formAction: ["'none'"],
	frameAncestors: ["'none'"],
};

export function docs() {
	return async (
		_request: FastifyRequest,
		reply: FastifyReply,
	): Promise<string> => {
		reply.type("text/html; charset=utf-8");
		return docsPage;
	};
}

export function docsScriptPath(): string {
	const entry = createRequire(import.meta.url).resolve(
		"@scalar/fastify-api-reference",
	);
	return join(dirname(entry), "js", "standalone.js");
}

/** Read from the package at each call and never held in memory: it is 3.4 MB and rarely asked for. */
export function docsScript() {
	return async (_request: FastifyRequest, reply: FastifyReply) => {
		reply
			.type("application/javascript; charset=utf-8")
			.header("cache-control", "public, max-age=3600");
		return createReadStream(docsScriptPath());
	};
}
