import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { docsPage, docsPolicy, docsScriptPath } from "../api/routes/docs.ts";
import type { GatewayDocuments } from "../gateway/http/document-routes.ts";

/** Galley's licence, and the page of the API's description. */
export function gatewayDocuments(): GatewayDocuments {
	const content = readFileSync(
		new URL("../../LICENSE", import.meta.url),
		"utf8",
	);
	return {
		license: {
			name: "Apache-2.0",
			path: "LICENSE",
			sha: createHash("sha256").update(content).digest("hex"),
			size: Buffer.byteLength(content),
			url: "https://www.apache.org/licenses/LICENSE-2.0",
			type: "text/plain",
			content,
		},
		docsPage,
		docsPolicy: Object.entries(docsPolicy)
			.map(
				([name, sources]) =>
					`${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${sources.join(" ")}`,
			)
			.join("; "),
		docsScriptPath,
	};
}
