import type {
	FastifyBaseLogger,
	FastifyInstance,
	FastifyTypeProvider,
	RawReplyDefaultExpression,
	RawRequestDefaultExpression,
	RawServerDefault,
} from "fastify";
import type { Principal } from "galley/store";
import { z } from "zod";
import { ApiError } from "./api-error.ts";

/** Handlers see what their schemas made of a request. */
export interface ZodTypes extends FastifyTypeProvider {
	validator: this["schema"] extends z.ZodType
		? z.output<this["schema"]>
		: unknown;
}

export type Server = FastifyInstance<
	RawServerDefault,
	RawRequestDefaultExpression,
	RawReplyDefaultExpression,
	FastifyBaseLogger,
	ZodTypes
>;

/** Several media types have a schema each; of a stream it is that of one event's data. */
export type Answer = z.ZodType | Readonly<Record<string, z.ZodType>> | null;

declare module "fastify" {
	interface FastifyRequest {
		/** Who asks: set before any handler of /v1. */
		principal: Principal;
	}
	interface FastifySchema {
		summary?: string;
		/** By status; null: no body. A schema alone is one of JSON. */
		answers?: Readonly<Record<number, Answer>>;
		/** Of a body that may come as multipart/form-data, too. */
		multipart?: z.ZodType;
	}
}

export function validateByZod(app: FastifyInstance): Server {
	return app
		.setValidatorCompiler<z.ZodType>(({ schema }) => (value) => {
			const result = schema.safeParse(value);
			return result.success
				? { value: result.data }
				: { error: toApiError(result.error) };
		})
		.setSerializerCompiler(() => JSON.stringify)
		.withTypeProvider<ZodTypes>();
}

/** Names the first field at fault, as the caller wrote it: `messages[2].role`. */
export function toApiError(error: z.ZodError): ApiError {
	const [issue] = error.issues;
	const keys =
		issue?.code === "unrecognized_keys"
			? [...issue.path, issue.keys[0] as string]
			: (issue?.path ?? []);
	const param = keys
		.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
		.join("")
		.replace(/^\./, "");
	const message = issue?.message ?? "The request can't be read.";
	return new ApiError(
		"invalid_request",
		param === "" ? message : `${param}: ${message}`,
		param === "" ? null : param,
	);
}

export const idParams = z.strictObject({ id: z.string().max(100) });
