import { readFile } from "node:fs/promises";
import type { ApiOptions, TlsMaterial } from "../api/api-options.ts";
import { readTlsFiles } from "../api/listen.ts";
import type { ServiceConfig } from "../config/service-config.ts";

/** The part of the configuration that the HTTP surface needs, with its files read. */
export async function toApiOptions(
	config: ServiceConfig,
	version: string,
): Promise<Partial<ApiOptions> & Pick<ApiOptions, "version">> {
	return {
		version,
		license: {
			name: "Apache-2.0",
			path: "LICENSE",
			url: "https://www.apache.org/licenses/LICENSE-2.0",
			type: "text/plain",
			content: await readFile(
				new URL("../../LICENSE", import.meta.url),
				"utf8",
			),
		},
		apiKeyHashes: config.apiKeyHashes,
		adminApiKeyHashes: config.adminApiKeyHashes,
		managesAdapters: config.allowLoraManagement,
		trustsRequestChatTemplate: config.trustRequestChatTemplate,
		logsRequests: !config.disableLogRequests,
		servesMetrics: config.metricsAccess !== "off",
		metricsNeedKey: config.metricsAccess === "key",
		cors:
			config.corsAllowOrigins.length === 0
				? null
				: {
						allowOrigins: config.corsAllowOrigins,
						allowMethods: config.corsAllowMethods,
						// The table's "*" means "whatever the page asks for", which is an empty list here.
						allowHeaders: config.corsAllowHeaders.filter(
							(header) => header !== "*",
						),
						exposeHeaders: config.corsExposeHeaders,
						allowCredentials: config.corsAllowCredentials,
						maxAgeSeconds: config.corsMaxAgeSeconds,
					},
		tls: await readTls(config),
		maxBodyBytes: config.maxRequestBytes,
		sseKeepaliveMs: config.sseKeepaliveSeconds * 1000,
		maxStoredResponses: config.maxStoredResponses,
		maxStoredResponseBytes: config.maxStoredResponseBytes,
		storedResponseTtlMs: config.storedResponseTtlSeconds * 1000,
	};
}

async function readTls(config: ServiceConfig): Promise<TlsMaterial | null> {
	if (
		config.sslMode === "disabled" ||
		config.sslCert === null ||
		config.sslKey === null
	)
		return null;
	return readTlsFiles({
		certificatePath: config.sslCert,
		privateKeyPath: config.sslKey,
		clientAuthoritiesPath:
			config.sslMode === "mtls" ? (config.sslCa ?? undefined) : undefined,
	});
}
