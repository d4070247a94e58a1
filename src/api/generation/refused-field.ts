import { z } from "zod";

/** A parameter of the API's that can't be honoured: absent, null or one of `neutral` ask for what happens anyway; else a 400. */
export function refusedField(neutral: readonly unknown[], message: string) {
	const accepted = [...neutral, null].map((value) => JSON.stringify(value));
	return z
		.unknown()
		.superRefine((value, context) => {
			if (value === undefined || accepted.includes(JSON.stringify(value)))
				return;
			context.addIssue({
				code: "custom",
				message,
				params: { code: "unsupported_parameter" },
			});
		})
		.optional()
		.describe(message);
}
