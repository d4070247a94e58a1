import { GalleyError } from "../../core/errors.ts";
import type { ServedModels } from "../served-models.ts";
import type { GatewayDocuments } from "./document-routes.ts";
import type { OwnRoute } from "./own-route.ts";

export interface ManagementRouteParts {
	served: ServedModels;
	version: string;
	documents: GatewayDocuments | undefined;
}

/** The version of the HTTP contract itself, NIM's `api`. */
const apiVersion = "1.0.0";

/** NIM's management contract: its operator and clients read these. Here it speaks of all models behind the door. */
export function managementRoutes({
	served,
	version,
	documents,
}: ManagementRouteParts): OwnRoute[] {
	const license = documents?.license ?? null;
	const baseModels = async () =>
		(await served.list()).filter(({ id, root }) => id === root);
	return [
		{
			method: "GET",
			path: "/v1/version",
			scope: "open",
			summary: "Release and API version",
			answer: async () => ({ body: { release: version, api: apiVersion } }),
		},
		{
			method: "GET",
			path: "/v1/license",
			scope: "inference",
			summary: "The licence",
			async answer() {
				if (license === null)
					throw new GalleyError("not_found", "No licence is stated here.");
				return { body: license };
			},
		},
		{
			method: "GET",
			path: "/v1/metadata",
			scope: "inference",
			summary: "What is served",
			answer: async () => ({
				body: {
					assetInfo: [],
					licenseInfo: license,
					modelInfo: (await baseModels()).map(({ id }) => ({
						modelUrl: id,
						shortName: id,
					})),
					repository_override: "",
					version,
					selectedModelProfileId: "",
				},
			}),
		},
		{
			method: "GET",
			path: "/v1/manifest",
			scope: "inference",
			summary: "The models behind this door, in YAML",
			async answer() {
				// JSON's strings are YAML's too.
				const lines = (await baseModels()).map(
					({ id, owned_by: owner }) =>
						`  - name: ${JSON.stringify(id)}\n    owner: ${JSON.stringify(owner ?? "galley")}`,
				);
				const models = lines.length === 0 ? "models: []" : "models:";
				return {
					body: {
						manifest_file: `${["schema_version: 1", models, ...lines].join("\n")}\n`,
						repository_override: "",
					},
				};
			},
		},
	];
}
