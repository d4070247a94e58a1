import type { ServiceSettings } from "./service-options.ts";

/** Rules that look at more than one option, or at more than an option's form. */
export function settingsProblems(settings: ServiceSettings): string[] {
	const problems: string[] = [];
	const { sslMode, sslCert, sslKey, sslCa } = settings;
	if (
		sslMode === "disabled" &&
		(sslCert !== null || sslKey !== null || sslCa !== null)
	) {
		problems.push(
			"Certificates are given but TLS is off; add --ssl-mode tls (or mtls), or leave them out.",
		);
	}
	if (sslMode !== "disabled" && (sslCert === null || sslKey === null)) {
		problems.push(`--ssl-mode ${sslMode} needs --ssl-cert and --ssl-key.`);
	}
	if (sslMode === "mtls" && sslCa === null)
		problems.push("--ssl-mode mtls needs --ssl-ca.");

	const { allowLoraManagement, adminApiKey, adminApiKeyFile } = settings;
	if (allowLoraManagement && adminApiKey === null && adminApiKeyFile === null) {
		problems.push(
			"--allow-lora-management needs --admin-api-key or --admin-api-key-file: nobody could use it.",
		);
	}
	if (settings.loraRefreshSeconds > 0 && settings.loraDir === null)
		problems.push("--lora-refresh-seconds needs --lora-dir.");

	problems.push(...externalProblems(settings));

	const { maxNumSeqs, maxNumBatchedTokens } = settings;
	if (
		maxNumSeqs !== null &&
		maxNumBatchedTokens !== null &&
		maxNumBatchedTokens < maxNumSeqs
	) {
		problems.push(
			`--max-num-batched-tokens ${maxNumBatchedTokens} can't be below --max-num-seqs ${maxNumSeqs}: ` +
				"each sequence needs a token a step.",
		);
	}

	const { kvCacheTokens, maxModelLen, kvLayout } = settings;
	if (kvCacheTokens !== null && kvLayout === "streams") {
		problems.push(
			"--kv-cache-tokens is one pool for all sequences, so it goes with --kv-layout unified or auto.",
		);
	}
	if (
		kvCacheTokens !== null &&
		maxModelLen !== null &&
		kvCacheTokens < maxModelLen
	) {
		problems.push(
			`--kv-cache-tokens ${kvCacheTokens} can't hold one sequence of --max-model-len ${maxModelLen}.`,
		);
	}

	const isQuantized =
		settings.kvCacheTypeV === "q8_0" || settings.kvCacheTypeV === "q4_0";
	if (isQuantized && settings.flashAttention === "off") {
		problems.push(
			`--kv-cache-type-v ${settings.kvCacheTypeV} needs flash attention; leave --flash-attention at auto.`,
		);
	}

	if (settings.servedModelName?.includes(",")) {
		problems.push(
			`--served-model-name takes one name, not the list "${settings.servedModelName}".`,
		);
	}
	if (
		settings.corsAllowCredentials &&
		settings.corsAllowOrigins.includes("*")
	) {
		problems.push(
			"--cors-allow-credentials needs origins by name; browsers refuse it with *.",
		);
	}
	for (const origin of settings.corsAllowOrigins) {
		if (origin === "*" || originOf(origin) === origin) continue;
		const meant = originOf(origin);
		const advice =
			meant === null ? "write it as https://example.org" : `write "${meant}"`;
		problems.push(
			`--cors-allow-origins: "${origin}" is no origin; ${advice}, or *.`,
		);
	}
	return problems;
}

/** Web origins as browsers write them; other schemes (extensions, desktop shells) are taken as they are. */
function originOf(address: string): string | null {
	const origin = URL.canParse(address) ? new URL(address).origin : "null";
	if (origin !== "null") return origin;
	return /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[^/]+$/i.test(address)
		? address
		: null;
}

function externalProblems({
	engine,
	model,
	upstreamUrl,
	engineCommand,
	upstreamKeyEnv,
	engineReadyPath,
}: ServiceSettings): string[] {
	const isNamed = upstreamUrl !== null || engineCommand !== null;
	if (engine !== "openai") {
		const isSaid =
			isNamed || upstreamKeyEnv !== null || engineReadyPath !== null;
		return isSaid
			? [
					"--upstream-url, --upstream-key-env, --engine-command and --engine-ready-path need --engine openai.",
				]
			: [];
	}
	const problems: string[] = [];
	if (!isNamed || (upstreamUrl !== null && engineCommand !== null))
		problems.push(
			"--engine openai needs either --upstream-url or --engine-command.",
		);
	if (engineCommand !== null && model === null)
		problems.push(
			"--engine-command needs a model: galley run MODEL --engine openai --engine-command '...'.",
		);
	if (engineReadyPath !== null && !engineReadyPath.startsWith("/"))
		problems.push("--engine-ready-path begins with a slash: /health.");
	return problems;
}
