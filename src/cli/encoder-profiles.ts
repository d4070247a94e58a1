import type { ServiceConfig } from "../config/service-config.ts";
import { formatBytes } from "../models/byte-format.ts";
import { type EncoderLocation, planEncoder } from "./encoder-plan.ts";
import { alignColumns } from "./terminal.ts";

/** `galley profiles` of an embedding or reranking model. */
export async function reportEncoderProfiles(
	location: EncoderLocation,
	config: ServiceConfig,
	isJson: boolean,
): Promise<string> {
	const { profiles, profile: chosen } = await planEncoder(location, config);
	if (isJson) {
		const listed = profiles.map(({ id, name, fit, memoryBytes, variant }) => ({
			id,
			name,
			fit,
			memoryBytes,
			source: variant.path,
		}));
		return `${JSON.stringify({ profiles: listed, chosen: chosen.id }, null, 2)}\n`;
	}
	const rows = profiles.map((profile) => [
		profile === chosen ? "*" : " ",
		profile.id.slice(0, 12),
		profile.name,
		formatBytes(profile.memoryBytes),
		profile.fit === "compatible" ? "compatible" : "low memory",
	]);
	return `${alignColumns(rows)}\n* is what galley run takes; choose another with --profile NAME.\n`;
}
