import { expect, test } from "vitest";
import { defaultApiOptions } from "../api/api-options.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { toApiOptions } from "./api-options.ts";

test("streams, kept responses and trusted templates are as the operator says, by flag or variable", async () => {
	const plain = resolveServiceConfig({ flags: {}, environment: {} });
	const names = [
		"sseKeepaliveMs",
		"maxStoredResponses",
		"maxStoredResponseBytes",
		"storedResponseTtlMs",
		"trustsRequestChatTemplate",
	] as const;
	const byDefault = await toApiOptions(plain, "1");
	for (const name of names)
		expect(byDefault[name], name).toBe(defaultApiOptions[name]);
	const config = resolveServiceConfig({
		flags: { sseKeepaliveSeconds: "0.5", maxStoredResponseBytes: "2MiB" },
		environment: {
			GALLEY_MAX_STORED_RESPONSES: "0",
			GALLEY_STORED_RESPONSE_TTL_SECONDS: "60",
			GALLEY_TRUST_REQUEST_CHAT_TEMPLATE: "true",
		},
	});
	expect(await toApiOptions(config, "1")).toMatchObject({
		sseKeepaliveMs: 500,
		maxStoredResponses: 0,
		maxStoredResponseBytes: 2 * 1024 ** 2,
		storedResponseTtlMs: 60_000,
		trustsRequestChatTemplate: true,
	});
});
