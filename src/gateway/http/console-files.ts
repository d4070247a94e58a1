import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { GalleyError } from "../../core/errors.ts";
import type { OwnAnswer, OwnCall, OwnRoute } from "./own-route.ts";

interface ConsoleFile {
	content: Buffer;
	type: string;
	etag: string;
	/** Its name has a digest of what it holds: it never changes. */
	isImmutable: boolean;
	variants: Map<"br" | "gzip", Promise<Buffer>>;
}

/** The console's pages, by their addresses. There are as many addresses as files: no path is ever made of a request. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const types: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
	".ico": "image/x-icon",
	".json": "application/json",
	".woff2": "font/woff2",
	".txt": "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
};
const compressed = new Set([".html", ".js", ".css", ".svg", ".json", ".txt"]);

/** Its style library writes style elements as it runs; scripts come from this door only. */
const policy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self' 'unsafe-inline'",
	"img-src 'self' data: blob:",
	"font-src 'self' data:",
	"connect-src 'self'",
	"manifest-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

const pageHeaders = {
	"content-security-policy": policy,
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
};

/** Null where nobody built it. Read once: a few megabytes, which then are answered without a look at the disk. */
export function readConsoleFiles(directory: string): ConsoleFiles | null {
	const files = new Map<string, ConsoleFile>();
	for (const path of listFiles(directory)) {
		const type = types[extname(path)];
		if (type === undefined) continue;
		const content = readFileSync(path);
		const address = `/${relative(directory, path).split(sep).join("/")}`;
		files.set(address === "/index.html" ? "/" : address, {
			content,
			type,
			etag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`,
			isImmutable: hasDigest(address),
			variants: new Map(),
		});
	}
	return files.has("/") ? files : null;
}

/** `main-Bx3dK_9z.js`, as the build names what it makes; a word of eight letters is no digest. */
function hasDigest(address: string): boolean {
	const digest = /^\/console\/.*-([\w-]{8})\.\w+$/.exec(address)?.[1] ?? "";
	return /[^a-z]/.test(digest);
}

export interface ConsoleRouteParts {
	files: ConsoleFiles | null;
	isOn(): boolean;
}

/** The console at `/`; its own addresses below `/console/` are the same page, which finds its way by itself. */
export function consoleRoutes({ files, isOn }: ConsoleRouteParts): OwnRoute[] {
	const page = async (call: OwnCall): Promise<OwnAnswer> => {
		if (!isOn())
			throw new GalleyError("not_found", "This gateway has no console.");
		const file = files?.get("/");
		return file === undefined ? notBuilt : send(file, call);
	};
	const asset =
		(file: ConsoleFile): OwnRoute["answer"] =>
		async (call) => {
			if (!isOn())
				throw new GalleyError("not_found", "This gateway has no console.");
			return send(file, call);
		};
	return [
		{ method: "GET", path: "/", scope: "open", summary: null, answer: page },
		{
			method: "GET",
			path: "/console",
			scope: "open",
			summary: null,
			answer: page,
		},
		...[...(files ?? [])]
			.filter(([address]) => address !== "/")
			.map(
				([address, file]): OwnRoute => ({
					method: "GET",
					path: address,
					scope: "open",
					summary: null,
					answer: asset(file),
				}),
			),
	];
}

/** A page of the console that its own router knows: anything that a browser asks for as a page and that is no file. */
export function isConsolePage(
	accept: string | undefined,
	path: string,
): boolean {
	return (
		(accept ?? "").includes("text/html") &&
		!path.startsWith("/v1/") &&
		!path.startsWith("/v2/") &&
		// A model's name may have a dot in it: only what files are called is none.
		types[extname(path)] === undefined
	);
}

const notBuilt: OwnAnswer = {
	contentType: "text/html; charset=utf-8",
	headers: { ...pageHeaders, "cache-control": "no-store" },
	content: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Galley</title></head>
<body>
<h1>Galley</h1>
<p>The gateway runs. Its console was not built: <code>npm run setup</code> in Galley's folder builds it.</p>
<p><a href="/docs">API reference</a></p>
</body>
</html>
`,
};

async function send(
	file: ConsoleFile,
	{ request }: OwnCall,
): Promise<OwnAnswer> {
	const { type, etag, isImmutable } = file;
	const encoding = encodingFor(file, request.headers["accept-encoding"]);
	const headers = {
		...pageHeaders,
		etag,
		vary: "accept-encoding",
		"cache-control": isImmutable
			? "public, max-age=31536000, immutable"
			: "no-cache",
	};
	if (request.headers["if-none-match"] === etag)
		return { status: 304, content: "", contentType: type, headers };
	if (encoding === null)
		return { content: file.content, contentType: type, headers };
	return {
		content: await variantOf(file, encoding),
		contentType: type,
		headers: { ...headers, "content-encoding": encoding },
	};
}

const smallest = 1000;

function encodingFor(
	{ content, type }: ConsoleFile,
	accepted: string | string[] | undefined,
): "br" | "gzip" | null {
	const isText = [...compressed].some((extension) => types[extension] === type);
	if (!isText || content.length < smallest) return null;
	const names = String(accepted ?? "")
		.split(",")
		.filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
		.map((part) => part.split(";", 1)[0]?.trim());
	if (names.includes("br")) return "br";
	return names.includes("gzip") ? "gzip" : null;
}

/** Made when somebody asks for it first, in another thread. */
function variantOf(
	{ content, variants }: ConsoleFile,
	encoding: "br" | "gzip",
): Promise<Buffer> {
	const made = variants.get(encoding);
	if (made !== undefined) return made;
	const variant =
		encoding === "br"
			? promisify(brotliCompress)(content, {
					params: { [constants.BROTLI_PARAM_QUALITY]: 6 },
				})
			: promisify(gzip)(content);
	variants.set(encoding, variant);
	return variant;
}

function listFiles(directory: string): string[] {
	try {
		return readdirSync(directory, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => join(entry.parentPath, entry.name));
	} catch {
		// It was not built.
		return [];
	}
}
