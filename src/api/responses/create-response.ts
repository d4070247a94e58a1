import type { ChatPlan } from "../generation/chat-plan.ts";
import { toWireTruncation } from "../generation/truncation.ts";
import type { ResponseBody } from "./response-body.ts";
import {
	createResponseId,
	type ResponseEcho,
	type ResponseObject,
} from "./response-object.ts";

/** A response of which nothing is known yet but what was asked for. */
export function createResponse(
	body: ResponseBody,
	{ request, truncation }: ChatPlan,
	createdAt: number,
): ResponseObject {
	return {
		id: createResponseId("resp"),
		object: "response",
		created_at: createdAt,
		completed_at: null,
		status: "in_progress",
		background: body.background ?? false,
		error: null,
		incomplete_details: null,
		model: request.model,
		output: [],
		usage: null,
		...toEcho(body),
		temperature: request.sampling.temperature,
		top_p: request.sampling.topP,
		...(truncation === null
			? {}
			: { truncation_details: toWireTruncation(truncation) }),
	};
}

function toEcho(
	body: ResponseBody,
): Omit<ResponseEcho, "temperature" | "top_p"> {
	return {
		instructions: body.instructions ?? null,
		max_output_tokens: body.max_output_tokens ?? null,
		max_tool_calls: body.max_tool_calls ?? null,
		metadata: body.metadata ?? {},
		parallel_tool_calls: body.parallel_tool_calls ?? true,
		previous_response_id: body.previous_response_id ?? null,
		prompt_cache_key: body.prompt_cache_key ?? null,
		reasoning: {
			effort: body.reasoning?.effort ?? null,
			summary: toSummary(body),
		},
		safety_identifier: body.safety_identifier ?? null,
		service_tier: "default",
		store: body.store ?? true,
		text: {
			format: body.text?.format ?? { type: "text" },
			verbosity: body.text?.verbosity ?? "medium",
		},
		tool_choice: body.tool_choice ?? "auto",
		tools: body.tools ?? [],
		top_logprobs: body.top_logprobs ?? 0,
		truncation: body.truncation ?? "disabled",
		user: body.user ?? null,
	};
}

/** As the client asked for it, by the newer name or the older; null without one. */
export function toSummary({ reasoning }: ResponseBody): string | null {
	return reasoning?.summary ?? reasoning?.generate_summary ?? null;
}
