import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A web site on this machine, with what real ones do to crawlers: page by path, a string is HTML. */
export class TrapSite {
	readonly pages = new Map<string, string | Handler>();
	/** Paths as they were asked for, in order. */
	readonly asked: string[] = [];
	readonly #server: Server;

	private constructor() {
		this.#server = createServer((request, response) => {
			const path = request.url ?? "/";
			this.asked.push(path);
			const page =
				this.pages.get(path) ?? this.pages.get(path.split("?")[0] ?? "");
			if (page === undefined) {
				response.writeHead(404, { "content-type": "text/html" });
				response.end("<p>Not here</p>");
			} else if (typeof page === "function") page(request, response);
			else {
				response.writeHead(200, { "content-type": "text/html" });
				response.end(page);
			}
		});
	}

	static async open(): Promise<TrapSite> {
		const site = new TrapSite();
		site.#server.listen(0, "127.0.0.1");
		await once(site.#server, "listening");
		return site;
	}

	get host(): string {
		const { port } = this.#server.address() as AddressInfo;
		return `127.0.0.1:${port}`;
	}

	url(path: string): string {
		return `http://${this.host}${path}`;
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, "close");
	}
}

export function redirectTo(location: string, status = 302): Handler {
	return (_, response) => response.writeHead(status, { location }).end();
}

/** A few kilobytes that become `megabytes`. */
export function gzipBomb(megabytes: number): Handler {
	const body = gzipSync(Buffer.alloc(megabytes * 1_000_000, "a "));
	return (_, response) =>
		response
			.writeHead(200, {
				"content-type": "text/html",
				"content-encoding": "gzip",
			})
			.end(body);
}

/** As much as the client takes, never ending. */
export function endless(): Handler {
	return (_, response) => {
		response.writeHead(200, { "content-type": "text/html" });
		const piece = Buffer.alloc(65_536, "x");
		const write = () => {
			while (!response.destroyed && response.write(piece)) {
				// Until the socket's buffer is full.
			}
		};
		response.on("drain", write);
		write();
	};
}

/** One byte now and then. */
export function drip(everyMs: number): Handler {
	return (_, response) => {
		response.writeHead(200, { "content-type": "text/html" });
		const timer = setInterval(() => response.write("x"), everyMs);
		response.on("close", () => clearInterval(timer));
	};
}

/** An article with enough text that it is taken for one. */
export function article(title: string, body: string, links = ""): string {
	return `<!doctype html><html lang="en"><head><title>${title}</title></head><body><nav><a href="/">Home</a></nav>
<main><article><h1>${title}</h1>${body}${links}</article></main><footer>Imprint</footer></body></html>`;
}
