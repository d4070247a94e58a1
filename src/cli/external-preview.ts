import { describeOrigin } from "../config/origin.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { commandWords } from "../external/engine-command.ts";
import type { PlanPreview } from "./model-plan.ts";

/** What `galley run --engine openai` would start, or ask. Its model is the engine's business: nothing is looked for here. */
export function previewExternal(
	config: ServiceConfig,
	environment: Readonly<Record<string, string | undefined>>,
): PlanPreview {
	const { model, servedModelName, engineCommand, upstreamUrl, origins } =
		config;
	const { upstreamKeyEnv } = config;
	const name = servedModelName ?? model;
	if (upstreamKeyEnv !== null && !environment[upstreamKeyEnv])
		throw new GalleyError(
			"invalid_configuration",
			`--upstream-key-env names ${upstreamKeyEnv}, which is not set.`,
		);
	const explanation =
		upstreamUrl !== null
			? `Requests go to ${upstreamUrl}${model === null ? ", with all models that it lists" : ` as ${model}`}.`
			: `The engine is started as: ${commandWords(engineCommand ?? "", {
					model: model ?? "",
					name: name ?? "",
					host: "127.0.0.1",
					port: "A_FREE_PORT",
				})
					.map((word) => (/[\s'"]/.test(word) ? JSON.stringify(word) : word))
					.join(" ")}`;
	return {
		config,
		source:
			model === null
				? []
				: [
						{
							name: "reference",
							value: model,
							origin: describeOrigin(origins.model),
						},
					],
		explanation,
	};
}
