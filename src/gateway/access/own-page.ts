import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { GalleyError } from "../../core/errors.ts";

/**
 * A gateway without keys trusts whoever reaches it, and any page that a browser on this machine shows can send it requests. So
 * its own routes are answered to programs, which say no origin, and to pages that came from here; and only under an address or
 * `localhost`, since a foreign name may be made to point here after its page was loaded (DNS rebinding). Throws
 * `permission_denied`.
 */
export function refuseForeignPage({ host, origin }: IncomingHttpHeaders): void {
	const name = hostnameOf(`http://${host ?? ""}`);
	if (name === null || !isLocalName(name))
		throw new GalleyError(
			"permission_denied",
			`Without keys this gateway is managed under its address or localhost, not as '${host ?? ""}'. Create a key (galley keys create) to use it under a name.`,
		);
	if (origin === undefined) return;
	const isOwn =
		origin !== "null" &&
		URL.canParse(origin) &&
		new URL(origin).host === new URL(`http://${host}`).host;
	if (!isOwn)
		throw new GalleyError(
			"permission_denied",
			`Without keys a page from '${origin}' may not manage this gateway. Create a key (galley keys create) and send it.`,
		);
}

function hostnameOf(url: string): string | null {
	return URL.canParse(url) ? new URL(url).hostname : null;
}

function isLocalName(name: string): boolean {
	const address = name.replace(/^\[|\]$/g, "");
	return (
		isIP(address) !== 0 || name === "localhost" || name.endsWith(".localhost")
	);
}
