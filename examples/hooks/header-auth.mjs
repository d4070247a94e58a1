// Takes who it is from a header that a proxy before the gateway has set, once that proxy has proven itself by a shared secret.
// Whoever comes without the header is asked for a key of the gateway, as always.
//
//     gateway:
//       hooks:
//         - module: ./examples/hooks/header-auth.mjs
//           options: { header: x-forwarded-user, secretEnv: PROXY_SECRET }

import { createHash, timingSafeEqual } from "node:crypto";

/** @import { CreateAuthenticator } from "../../src/gateway/hooks/gateway-hook.ts" */

/** @param {unknown} text */
const digest = (text) => createHash("sha256").update(String(text)).digest();

/** @type {CreateAuthenticator} */
export function createAuthenticator({
	header = "x-forwarded-user",
	secretEnv,
}) {
	const secret = process.env[String(secretEnv)];
	if (secret === undefined || secret.length < 16)
		throw new Error(
			`the variable ${secretEnv} has to hold a secret of at least 16 characters.`,
		);
	return {
		authenticate({ headers }) {
			const user = headers[String(header).toLowerCase()];
			if (typeof user !== "string" || user === "") return null;
			const given = headers["x-proxy-secret"] ?? "";
			if (!timingSafeEqual(digest(given), digest(secret))) return null;
			return { name: user, tenant: user.split("@")[1] ?? "default" };
		},
	};
}
