import { readFile } from "node:fs/promises";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type MockOptions, MockRoutes } from "./mock-routes.ts";

export interface MockGatewayOptions extends MockOptions {
	/** The built console; without it only the API answers. */
	directory?: string;
}

/** As strict as the gateway's: nothing from elsewhere, no inline script; the component library writes inline styles. */
const policy =
	"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const types: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".woff2": "font/woff2",
};

/** Stands in for a gateway while the console is developed and tested. */
export function createMockGateway({
	directory,
	...options
}: MockGatewayOptions): Server {
	const routes = new MockRoutes(options);
	const server = createServer((request, response) => {
		const url = new URL(request.url ?? "/", "http://localhost");
		const work = url.pathname.startsWith("/v1/")
			? answerApi(routes, url, request, response)
			: answerFile(directory, url.pathname, response);
		work.catch((error: unknown) => {
			if (!response.headersSent) response.writeHead(500);
			response.end(String(error));
		});
	});
	server.on("close", () => routes.close());
	return server;
}

async function answerApi(
	routes: MockRoutes,
	url: URL,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const pieces: Buffer[] = [];
	for await (const piece of request) pieces.push(piece as Buffer);
	const text = Buffer.concat(pieces).toString("utf8");
	const answer = await routes.answer({
		url,
		path: url.pathname.slice(1).split("/").map(decodeURIComponent),
		body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
		request,
		response,
	});
	if (answer === "written") return;
	response.writeHead(answer.status ?? 200, {
		"content-type": "application/json",
	});
	response.end(JSON.stringify(answer.body));
}

/** Files of the console; every other path is a page of it. */
async function answerFile(
	directory: string | undefined,
	path: string,
	response: ServerResponse,
): Promise<void> {
	if (directory === undefined) {
		response.writeHead(404).end();
		return;
	}
	const isAsset = path.startsWith("/console/");
	const file = join(directory, isAsset ? normalize(path) : "index.html");
	try {
		const content = await readFile(file);
		response.writeHead(200, {
			"content-type": types[extname(file)] ?? "application/octet-stream",
			"content-security-policy": policy,
			"x-content-type-options": "nosniff",
		});
		response.end(content);
	} catch {
		// Not built, or no such file.
		response.writeHead(404).end();
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const words = new Set(process.argv.slice(2));
	const port = Number(process.env.PORT ?? 8000);
	createMockGateway({
		directory: fileURLToPath(new URL("../../dist/console", import.meta.url)),
		entries: words.has("--many") ? 1000 : 64,
		keys: words.has("--keys"),
		empty: words.has("--empty"),
	}).listen(port, "127.0.0.1", () =>
		console.log(`A stand-in for a gateway listens on http://127.0.0.1:${port}`),
	);
}
