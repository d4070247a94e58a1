/** What the HTTP surface of a service can be told; flags, environment and files are read elsewhere. */

export interface CorsOptions {
	/** Origins such as `https://app.example`; `*` allows any. */
	allowOrigins: readonly string[];
	allowMethods: readonly string[];
	/** Empty allows whatever headers the browser asks for. */
	allowHeaders: readonly string[];
	exposeHeaders: readonly string[];
	allowCredentials: boolean;
	/** How long a browser may remember a preflight answer; null leaves it to the browser. */
	maxAgeSeconds: number | null;
}

/** PEM texts. */
export interface TlsMaterial {
	certificate: string;
	privateKey: string;
	/** Authorities whose client certificates are required (mutual TLS); null asks for none. */
	clientAuthorities: string | null;
}

interface LicenseText {
	name: string;
	path: string;
	url: string;
	/** Media type of `content`. */
	type: string;
	content: string;
}

export interface ApiOptions {
	/** Galley's release, shown by `/v1/version`, `/v1/metadata` and the OpenAPI document. */
	version: string;
	/** Shown by `/v1/license`; null names only the model's own licence. */
	license: LicenseText | null;

	/** Lower-case hex sha256 of each accepted key. With none, no key is asked for. */
	apiKeyHashes: readonly string[];
	/** The same of the keys that may change the service, e.g. load adapters. With none, nobody may. */
	adminApiKeyHashes: readonly string[];
	/** Offer the routes that load and unload adapters. */
	managesAdapters: boolean;
	/** A log line for each request. */
	logsRequests: boolean;
	/** Ask for a key on the metrics routes too. Health routes are always open: probes carry no keys. */
	metricsNeedKey: boolean;
	/** False leaves the metrics routes out. */
	servesMetrics: boolean;
	cors: CorsOptions | null;
	tls: TlsMaterial | null;
	/**
	 * Let requests bring their own `chat_template`. Off by default: a template is a program, and all the steps that it may
	 * take hold the HTTP process for seconds.
	 */
	trustsRequestChatTemplate: boolean;

	maxBodyBytes: number;
	/** Levels of arrays and objects in a body. */
	maxJsonDepth: number;
	/** The largest `n`. */
	maxChoices: number;
	/** Prompts in one `/v1/completions` request. */
	maxPrompts: number;
	/** Texts, passages or documents in one request to an embedding or reranking service. */
	maxInputs: number;
	/** Bytes that may wait for a client that reads its stream too slowly; beyond them its request is cancelled. */
	maxBufferedBytes: number;
	/** How long such a client, told of the error, may stay connected. */
	slowClientTimeoutMs: number;
	/** A stream that has said nothing for so long says that it is alive, so that no proxy cuts it; 0 never. */
	sseKeepaliveMs: number;

	/** What the Responses API keeps for `previous_response_id`; what was used longest ago goes first. */
	maxStoredResponses: number;
	maxStoredResponseBytes: number;
	storedResponseTtlMs: number;

	maxConnections: number;
	maxHeaderBytes: number;
	/** From the first byte of a request to the end of its headers. */
	headersTimeoutMs: number;
	/** From the first byte of a request to the end of its body. Says nothing about the time an answer takes. */
	requestTimeoutMs: number;
	/** How long a connection without a request stays open; above the usual 60 s of proxies, so that they close first. */
	keepAliveTimeoutMs: number;
	/** How often the two request timeouts are looked at. */
	connectionsCheckingIntervalMs: number;
}

export const defaultApiOptions: Omit<ApiOptions, "version"> = Object.freeze({
	license: null,
	apiKeyHashes: Object.freeze([]),
	adminApiKeyHashes: Object.freeze([]),
	managesAdapters: false,
	logsRequests: true,
	metricsNeedKey: false,
	servesMetrics: true,
	cors: null,
	tls: null,
	trustsRequestChatTemplate: false,
	maxBodyBytes: 8 * 1024 * 1024,
	maxJsonDepth: 100,
	maxChoices: 128,
	maxPrompts: 256,
	maxInputs: 8192,
	maxBufferedBytes: 4 * 1024 * 1024,
	slowClientTimeoutMs: 30_000,
	sseKeepaliveMs: 15_000,
	maxStoredResponses: 10_000,
	maxStoredResponseBytes: 64 * 1024 * 1024,
	storedResponseTtlMs: 24 * 60 * 60 * 1000,
	maxConnections: 4096,
	maxHeaderBytes: 16 * 1024,
	headersTimeoutMs: 20_000,
	requestTimeoutMs: 300_000,
	keepAliveTimeoutMs: 65_000,
	connectionsCheckingIntervalMs: 5_000,
});

export const defaultCorsOptions: CorsOptions = Object.freeze({
	allowOrigins: Object.freeze(["*"]),
	allowMethods: Object.freeze(["GET", "HEAD", "POST", "DELETE"]),
	allowHeaders: Object.freeze([]),
	exposeHeaders: Object.freeze([
		"x-request-id",
		"retry-after",
		"x-galley-truncated",
	]),
	allowCredentials: false,
	maxAgeSeconds: 600,
});
