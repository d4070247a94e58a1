/**
 * A program of its own: the least that passes requests on with undici, the same client as the gateway's. It knows one place, keeps all
 * headers, and does nothing else: no keys, no routing, no counting, no errors of its own. The bound that the gateway is held against.
 *   node bare-proxy.ts PORT TARGET_PORT
 */
import { createServer } from "node:http";
import { Pool } from "undici";

const [port = "", target = ""] = process.argv.slice(2);
const origin = `http://127.0.0.1:${target}`;
const pool = new Pool(origin, { connections: null, pipelining: 1 });

createServer((request, response) => {
	if (request.method !== "POST") {
		response.end("ok");
		return;
	}
	const parts: Buffer[] = [];
	request.on("data", (part: Buffer) => parts.push(part));
	request.on("end", () => {
		const {
			host: _,
			connection: __,
			"content-length": ___,
			...headers
		} = request.headers;
		pool.dispatch(
			{
				origin,
				path: request.url ?? "/",
				method: "POST",
				headers,
				body: Buffer.concat(parts),
				headersTimeout: 0,
				bodyTimeout: 0,
			},
			{
				onRequestStart: () => undefined,
				onResponseStart: (_controller, status, answered) => {
					const {
						connection: _,
						"keep-alive": __,
						"transfer-encoding": ___,
						...kept
					} = answered;
					response.writeHead(status, kept);
				},
				onResponseData: (controller, piece) => {
					if (response.write(piece)) return;
					controller.pause();
					response.once("drain", () => controller.resume());
				},
				onResponseEnd: () => response.end(),
				onResponseError: () => response.destroy(),
			},
		);
	});
}).listen(Number(port), "127.0.0.1");
