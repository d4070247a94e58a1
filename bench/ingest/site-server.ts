/**
 * A program of its own: a site of many pages and a sitemap, made when it starts.
 *   node site-server.ts PORT PAGES
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { readSentences, sitePage } from "./site-page.ts";

const [port = "", count = ""] = process.argv.slice(2);
const pages = Number(count);
const text = new URL(
	"../../models/evaluation-text/evaluation-text.txt",
	import.meta.url,
);
const sentences = readSentences(readFileSync(text, "utf8"));
const html = Array.from({ length: pages }, (_, number) =>
	Buffer.from(sitePage(number, pages, sentences)),
);
const origin = `http://127.0.0.1:${port}`;
const sitemap = Buffer.from(
	`<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${html
		.map((_, number) => `<url><loc>${origin}/page/${number}</loc></url>`)
		.join("\n")}\n</urlset>\n`,
);

createServer((request, response) => {
	const path = request.url ?? "/";
	const page = html[Number(/^\/page\/(\d+)$/.exec(path)?.[1] ?? Number.NaN)];
	const send = (type: string, body: Buffer | string) =>
		response
			.writeHead(200, {
				"content-type": type,
				"content-length": Buffer.byteLength(body),
			})
			.end(body);
	if (page !== undefined) send("text/html; charset=utf-8", page);
	else if (path === "/sitemap.xml") send("application/xml", sitemap);
	else if (path === "/health") send("text/plain", "ok");
	else response.writeHead(404).end();
}).listen(Number(port), "127.0.0.1");
