import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Server } from "./zod-types.ts";

const types: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
	".ico": "image/x-icon",
	".woff2": "font/woff2",
	".json": "application/json",
};

/** Nothing from elsewhere, nothing inline: what a model or a page says can't become a script. */
const policy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self' data:",
	"font-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

/** Modules of packages that the page imports. */
const vendored: Readonly<Record<string, string>> = {
	"/vendor/marked.js": "marked",
	"/vendor/dompurify.js": "dompurify",
};

/** The page's files by their address. There are as many routes as files: no path is ever put together from a request. */
export async function addPageRoutes(
	app: Server,
	directory: string = fileURLToPath(new URL("../../public", import.meta.url)),
): Promise<void> {
	for (const [address, path] of await pageFiles(directory)) {
		const body = await readFile(path);
		const type = types[extname(path)] ?? "application/octet-stream";
		const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
		app.get(address, async (request, reply) => {
			reply.headers({
				"content-security-policy": policy,
				"cache-control": "no-cache",
				etag,
			});
			if (request.headers["if-none-match"] === etag)
				return reply.code(304).send();
			return reply.type(type).send(body);
		});
	}
}

async function pageFiles(directory: string): Promise<Map<string, string>> {
	const files = new Map<string, string>();
	const entries = await readdir(directory, {
		recursive: true,
		withFileTypes: true,
	}).catch(() => []);
	for (const entry of entries) {
		if (!entry.isFile() || types[extname(entry.name)] === undefined) continue;
		const path = join(entry.parentPath, entry.name);
		const address = path.slice(directory.length).replaceAll("\\", "/");
		files.set(address === "/index.html" ? "/" : address, path);
	}
	for (const [address, name] of Object.entries(vendored))
		files.set(address, fileURLToPath(import.meta.resolve(name)));
	return files;
}
