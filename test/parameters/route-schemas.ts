import type { z } from "zod";
import { chatBody } from "../../src/api/generation/chat-body.ts";
import { completionBody } from "../../src/api/generation/completion-body.ts";
import { messageBody } from "../../src/api/messages/message-body.ts";
import { responseBody } from "../../src/api/responses/response-body.ts";
import type { RouteName } from "./dialects.ts";

/** What requests are checked by. */
export const routeSchemas = {
	"/v1/chat/completions": chatBody,
	"/v1/completions": completionBody,
	"/v1/responses": responseBody,
	"/v1/messages": messageBody,
} as const satisfies Record<RouteName, { shape: Record<string, z.ZodType> }>;

export function describedAs(route: RouteName, parameter: string): string {
	const shape: Record<string, z.ZodType> = routeSchemas[route].shape;
	return shape[parameter]?.description ?? "";
}

/** The schema refuses what it is for. */
export const isRefused = (description: string): boolean =>
	/^Not supported|is not supported/.test(description);
