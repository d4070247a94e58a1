import { describeOrigin } from "../config/origin.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import { formatModelReference } from "../models/model-reference.ts";
import { locateModel } from "./locate-model.ts";
import { type PlanPreview, planLocated, requireModel } from "./model-plan.ts";
import { chooseRemote } from "./remote-choice.ts";

/** What `galley run` would do, without downloading or converting anything: a hub is asked for headers alone. */
export async function previewModel(
	config: ServiceConfig,
): Promise<PlanPreview> {
	const location = await locateModel(requireModel(config), config);
	switch (location.kind) {
		case "fake":
		case "here":
			return planLocated(location, config);
		case "encoder":
			return (await import("./encoder-plan.ts")).planEncoder(location, config);
		case "unconverted":
			return undecided(
				config,
				formatModelReference(location.reference),
				`The safetensors in ${location.directory} are converted to ${config.convertTo} GGUF first; the profile is chosen after that.`,
			);
		case "away": {
			const { reference, sources } = location;
			if (reference.kind === "hub")
				return (await chooseRemote(reference, sources, config)).preview;
			return undecided(
				config,
				reference.url,
				"The file is downloaded first; the profile is chosen after that.",
			);
		}
	}
}

function undecided(
	config: ServiceConfig,
	reference: string,
	explanation: string,
): PlanPreview {
	const origin = describeOrigin(config.origins.model);
	return {
		config,
		source: [{ name: "reference", value: reference, origin }],
		explanation,
	};
}
