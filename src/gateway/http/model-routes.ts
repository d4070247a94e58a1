import { GalleyError } from "../../core/errors.ts";
import { mayUse } from "../access/principal.ts";
import type { StoredResponses } from "../sending/stored-responses.ts";
import type { ServedModels } from "../served-models.ts";
import type { OwnCall, OwnRoute } from "./own-route.ts";

/** Names may hold slashes, which some clients escape and others don't. */
const nameShapes = [":model", ":a/:b", ":a/:b/:c", ":a/:b/:c/:d"];

/** One model, and responses that were stored. */
export function modelRoutes(
	served: ServedModels,
	stored: StoredResponses,
): OwnRoute[] {
	const ofResponse = (call: OwnCall) =>
		stored.answer(call, call.parameters.id ?? "");
	const one = "/v1/responses/:id";
	return [
		...nameShapes.map(
			(shape): OwnRoute => ({
				method: "GET",
				path: `/v1/models/${shape}`,
				scope: "inference",
				// Who describes the API to others names a model in one part.
				summary: shape === ":model" ? "One model" : null,
				details: {
					path: { model: "Its name; slashes in it escaped or not." },
					returns: "As in the list of all models.",
				},
				answer: async ({ parameters, principal }) => ({
					body: await findModel(
						served,
						Object.values(parameters).join("/"),
						(name) => principal === null || mayUse(principal, name),
					),
				}),
			}),
		),
		{
			method: "GET",
			path: one,
			scope: "inference",
			summary: "A stored response, from the replica that has it",
			answer: ofResponse,
		},
		{
			method: "DELETE",
			path: one,
			scope: "inference",
			summary: "Forgets a stored response",
			answer: ofResponse,
		},
		{
			method: "GET",
			path: `${one}/input_items`,
			scope: "inference",
			summary: "What a stored response was the answer to",
			answer: ofResponse,
		},
		{
			method: "POST",
			path: `${one}/cancel`,
			scope: "inference",
			summary: "Ends a response that is computed in the background",
			answer: ofResponse,
		},
	];
}

async function findModel(
	served: ServedModels,
	name: string,
	isAllowed: (name: string) => boolean,
) {
	const models = await served.list();
	const model = models.find(({ id }) => id === name && isAllowed(id));
	if (model !== undefined) return model;
	throw new GalleyError(
		"model_not_found",
		`The model '${name.slice(0, 200)}' does not exist here. GET /v1/models lists those that do.`,
		{ param: "model" },
	);
}
