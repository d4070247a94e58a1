import { PageError, type PageErrorCode } from "./page-error.ts";

/** What Node's sockets, resolver and TLS and undici call a failure, in words; `url` is where it happened. */
export function fetchFailure(error: unknown, { host }: URL): PageError {
	for (const cause of causesOf(error)) {
		const { code = "" } = cause as NodeJS.ErrnoException;
		const kind = kindOf(code);
		if (kind === null) continue;
		return new PageError(kind, sayings[kind](host, cause.message), {
			cause: error,
		});
	}
	const reason = error instanceof Error ? error.message : String(error);
	return new PageError("unreachable", `${host} could not be read: ${reason}`, {
		cause: error,
	});
}

type Kind = Extract<
	PageErrorCode,
	| "dns"
	| "dns_busy"
	| "refused"
	| "tls"
	| "too_slow"
	| "broken_off"
	| "no_route"
>;

const sayings: Readonly<
	Record<Kind, (host: string, reason: string) => string>
> = {
	dns: (host) => `There is no host ${host}: its name is not known.`,
	dns_busy: (host) =>
		`The name ${host} could not be looked up: the name server did not answer.`,
	refused: (host) => `${host} refused the connection: nothing listens there.`,
	tls: (host, reason) =>
		`The connection to ${host} can't be made safe: ${reason}`,
	too_slow: (host) => `${host} did not answer in time.`,
	broken_off: (host) => `${host} broke the connection off.`,
	no_route: (host) => `There is no way to ${host} from here.`,
};

const kinds: Readonly<Record<string, Kind>> = {
	ENOTFOUND: "dns",
	ENODATA: "dns",
	EAI_AGAIN: "dns_busy",
	ESERVFAIL: "dns_busy",
	ECONNREFUSED: "refused",
	ETIMEDOUT: "too_slow",
	UND_ERR_CONNECT_TIMEOUT: "too_slow",
	UND_ERR_HEADERS_TIMEOUT: "too_slow",
	UND_ERR_BODY_TIMEOUT: "too_slow",
	ECONNRESET: "broken_off",
	EPIPE: "broken_off",
	UND_ERR_SOCKET: "broken_off",
	EHOSTUNREACH: "no_route",
	ENETUNREACH: "no_route",
	EADDRNOTAVAIL: "no_route",
};

function kindOf(code: string): Kind | null {
	const isTls =
		/^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code);
	return isTls ? "tls" : (kinds[code] ?? null);
}

/** The error and what it was made of; a host with several addresses has an error for each. */
function causesOf(error: unknown): Error[] {
	if (!(error instanceof Error)) return [];
	const several: unknown[] =
		error instanceof AggregateError ? error.errors : [];
	return [error, ...[...several, error.cause].flatMap(causesOf)];
}
