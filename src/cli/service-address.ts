import { GalleyError } from "../core/errors.ts";

/** Where a service listens: an address of the web, or a Unix socket (a named pipe on Windows). */
export interface ServiceAddress {
	/** With the path before `/v1`, without a slash at the end. */
	baseUrl: string;
	socketPath: string | null;
}

/** `http://host:8000`, `http://host:8000/v1`, `host:8000` or `unix:/run/galley.sock`. */
export function parseServiceAddress(text: string): ServiceAddress {
	const written = text.trim();
	const socketPath = /^unix:(?:\/\/)?(.+)$/.exec(written)?.[1];
	if (socketPath !== undefined)
		return { baseUrl: "http://localhost", socketPath };
	const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(written)
		? written
		: `http://${written}`;
	const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
	if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
		throw new GalleyError(
			"invalid_request",
			`"${text}" is no address of a service; write for example http://127.0.0.1:8000.`,
		);
	}
	return {
		baseUrl: url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, ""),
		socketPath: null,
	};
}

/** Whether a MODEL argument is rather a running service. */
export function isServiceUrl(text: string): boolean {
	return /^(https?:\/\/|unix:)/i.test(text.trim());
}
