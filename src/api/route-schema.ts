import { z } from "zod";

const errorBody = z
	.object({
		error: z.object({
			message: z.string(),
			type: z.string(),
			param: z.string().nullable(),
			code: z.string(),
		}),
	})
	.meta({ title: "Error" });

export interface RouteDescription {
	id: string;
	summary: string;
	tag:
		| "Inference"
		| "KServe"
		| "Tokens"
		| "Models"
		| "Health"
		| "Management"
		| "Documentation";
	body?: z.ZodType;
	query?: z.ZodType;
	/** What a 200 holds. */
	answer: string;
	/** The 200's schema, or the media type of a text. */
	content?: z.ZodType | string;
	/** What errors hold, where that isn't OpenAI's form. */
	error?: z.ZodType;
	isStream?: boolean;
	/** Health and metrics answer without a key. */
	isOpen?: boolean;
}

/** A route's schema for Fastify: its body is checked, all of it is documented. */
export function describeRoute({
	id,
	summary,
	tag,
	body,
	query,
	answer,
	content,
	error = errorBody,
	isStream,
	isOpen,
}: RouteDescription) {
	const media: Record<string, { schema: z.ZodType }> =
		typeof content === "string"
			? { [content]: { schema: z.string() } }
			: { "application/json": { schema: content ?? z.looseObject({}) } };
	if (isStream === true) media["text/event-stream"] = { schema: z.string() };
	return {
		operationId: id,
		summary,
		tags: [tag],
		...(body === undefined ? {} : { body }),
		...(query === undefined ? {} : { querystring: query }),
		...(isOpen === true ? { security: [] } : {}),
		response: {
			200: { description: answer, content: media },
			...(body === undefined
				? {}
				: {
						400: {
							description: "The request is at fault.",
							content: { "application/json": { schema: error } },
						},
					}),
			default: {
				description: "An error.",
				content: { "application/json": { schema: error } },
			},
		},
	};
}
