import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";

/** Where models come from and how they are asked for. */
export interface HubSettings {
	/** `https://huggingface.co`, or whoever speaks its protocol; without a slash at the end. */
	endpoint: string;
	/** Tried in this order when the endpoint fails. They never see the token. */
	mirrors: readonly string[];
	token: string | null;
	/** As the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY have it; undefined reads them, null uses none. */
	proxy?: ProxySettings | null;
	/** How patient downloads are; what is left out has a default. */
	patience?: Partial<Patience>;
}

export interface ProxySettings {
	http: string | null;
	https: string | null;
	/** Hosts that are spoken to directly, with commas between. */
	except: string | null;
}

export interface Patience {
	/** Until a connection stands. */
	connectTimeoutMs: number;
	/** Until the first byte of an answer. */
	answerTimeoutMs: number;
	/** A connection that brings fewer than `stallBytes` in this time is given up. */
	stallTimeoutMs: number;
	stallBytes: number;
	/** Failures in a row, without one byte of progress between them, after which nobody tries again. */
	maxAttempts: number;
	baseDelayMs: number;
	maxDelayMs: number;
	/** A server that asks for more than this is not waited for. */
	maxRetryAfterMs: number;
}

export const defaultPatience: Patience = {
	connectTimeoutMs: 15_000,
	answerTimeoutMs: 30_000,
	stallTimeoutMs: 30_000,
	stallBytes: 4096,
	maxAttempts: 8,
	baseDelayMs: 500,
	maxDelayMs: 20_000,
	maxRetryAfterMs: 300_000,
};

const defaultEndpoint = "https://huggingface.co";

type Environment = Readonly<Record<string, string | undefined>>;

/** `HF_ENDPOINT`, `HF_TOKEN` or the token file that the hub's own tools leave, and a list of mirrors with commas. */
export function readHubSettings(
	environment: Environment,
	given: {
		endpoint?: string | null;
		mirrors?: readonly string[];
		token?: string | null;
	} = {},
): HubSettings {
	return {
		endpoint: checkEndpoint(
			given.endpoint ?? text(environment.HF_ENDPOINT) ?? defaultEndpoint,
		),
		mirrors: (given.mirrors ?? []).map(checkEndpoint),
		token: given.token ?? readToken(environment),
	};
}

/** Trims the slash at the end; refuses what is no http address, or holds a password. */
export function checkEndpoint(written: string): string {
	const url = URL.canParse(written.trim()) ? new URL(written.trim()) : null;
	if (url === null || !/^https?:$/.test(url.protocol))
		throw invalid(
			`The hub's address "${written}" is not an http or https address, such as ${defaultEndpoint}.`,
		);
	if (url.username !== "" || url.password !== "")
		throw invalid(
			`The hub's address on ${url.host} contains a password. Remove it and give the token in HF_TOKEN.`,
		);
	return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** The cache that the hub's own tools keep: read, never written. */
export function hubCacheDirectory(
	environment: Environment,
	home: string = homedir(),
): string {
	return (
		text(environment.HF_HUB_CACHE) ??
		text(environment.HUGGINGFACE_HUB_CACHE) ??
		join(hubHome(environment, home), "hub")
	);
}

function hubHome(environment: Environment, home: string): string {
	return (
		text(environment.HF_HOME) ??
		join(
			text(environment.XDG_CACHE_HOME) ?? join(home, ".cache"),
			"huggingface",
		)
	);
}

function readToken(environment: Environment): string | null {
	const given =
		text(environment.HF_TOKEN) ?? text(environment.HUGGING_FACE_HUB_TOKEN);
	if (given !== null) return checkToken(given);
	const path =
		text(environment.HF_TOKEN_PATH) ??
		join(hubHome(environment, homedir()), "token");
	try {
		const written = readFileSync(path, "utf8").trim();
		return written === "" ? null : checkToken(written);
	} catch (error) {
		if (error instanceof GalleyError) throw error;
		// Most people have no such file; what is public needs no token, and what isn't says so when asked for.
		return null;
	}
}

/** A line break in a header would be refused later, in a message that shows the token. */
function checkToken(token: string): string {
	if (/^[\x21-\x7e]+$/.test(token)) return token;
	throw invalid(
		"The hub token contains spaces or characters that no token has. Copy it again from https://huggingface.co/settings/tokens.",
	);
}

function text(value: string | undefined): string | null {
	const trimmed = value?.trim() ?? "";
	return trimmed === "" ? null : trimmed;
}

function invalid(message: string): GalleyError {
	return new GalleyError("invalid_configuration", message);
}
