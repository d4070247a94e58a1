import { GalleyError } from "../core/errors.ts";

/** What OpenAI's API has and no service of a fleet does; none of it names a model. */
const unkept: readonly { path: RegExp; what: string; instead: string }[] = [
	{
		path: /^\/v1\/batches\b/,
		what: "Batches",
		instead: "send the requests one by one",
	},
	{
		path: /^\/v1\/(?:files|uploads)\b/,
		what: "Files",
		instead: "send their content in the request",
	},
	{
		path: /^\/v1\/(?:vector_stores|assistants|threads|conversations)\b/,
		what: "Vector stores, assistants and threads",
		instead: "use /v1/responses with previous_response_id",
	},
	{
		path: /^\/v1\/fine_tuning\b/,
		what: "Fine-tuning jobs",
		instead: "give a service an adapter that was trained elsewhere",
	},
];

/** Throws `not_found` for what isn't kept here, so that nobody looks for the mistake in his body. */
export function refuseUnkept(path: string): void {
	for (const { path: pattern, what, instead } of unkept)
		if (pattern.test(path))
			throw new GalleyError(
				"not_found",
				`${what} are not kept here: ${instead}.`,
			);
}
