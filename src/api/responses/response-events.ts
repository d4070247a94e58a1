import type { ChatTokenLogprob } from "../generation/chat-logprobs.ts";
import { eventEnd, eventStart } from "../sse.ts";
import type {
	OutputItem,
	OutputTextPart,
	ReasoningItem,
	ResponseObject,
} from "./response-object.ts";

/** Where in the output something happens. */
interface InItem {
	item_id: string;
	output_index: number;
}
interface InPart extends InItem {
	content_index: number;
}
interface InSummary extends InItem {
	summary_index: number;
}

type ContentPart = OutputTextPart | ReasoningItem["content"][number];
type SummaryPart = ReasoningItem["summary"][number];

/**
 * What a stream tells, in this order:
 *
 *     created, queued?, in_progress, item*, (completed | incomplete | cancelled | error failed)
 *
 *     item       output_item.added, part*, output_item.done
 *     part       of a message:   content_part.added, output_text.delta*, output_text.done, content_part.done
 *                of reasoning:   content_part.added, reasoning_text.delta*, reasoning_text.done, content_part.done
 *                of a summary:   reasoning_summary_part.added, ..._text.delta*, ..._text.done, ..._part.done
 *                of a call:      function_call_arguments.delta*, function_call_arguments.done
 */
export type ResponseEvent =
	| {
			type:
				| "response.queued"
				| "response.created"
				| "response.in_progress"
				| "response.completed"
				| "response.incomplete"
				| "response.failed"
				/** Ours: OpenAI's stream of a cancelled response just ends. */
				| "response.cancelled";
			response: ResponseObject;
	  }
	| {
			type: "response.output_item.added" | "response.output_item.done";
			output_index: number;
			item: OutputItem;
	  }
	| ({
			type: "response.content_part.added" | "response.content_part.done";
			part: ContentPart;
	  } & InPart)
	| ({
			type: "response.output_text.delta";
			delta: string;
			logprobs: readonly ChatTokenLogprob[];
	  } & InPart)
	| ({
			type: "response.output_text.done";
			text: string;
			logprobs: readonly ChatTokenLogprob[];
	  } & InPart)
	| ({ type: "response.reasoning_text.delta"; delta: string } & InPart)
	| ({ type: "response.reasoning_text.done"; text: string } & InPart)
	| ({
			type:
				| "response.reasoning_summary_part.added"
				| "response.reasoning_summary_part.done";
			part: SummaryPart;
	  } & InSummary)
	| ({
			type: "response.reasoning_summary_text.delta";
			delta: string;
	  } & InSummary)
	| ({ type: "response.reasoning_summary_text.done"; text: string } & InSummary)
	| ({
			type: "response.function_call_arguments.delta";
			delta: string;
	  } & InItem)
	| ({
			type: "response.function_call_arguments.done";
			name: string;
			arguments: string;
	  } & InItem)
	| {
			type: "error";
			code: string;
			message: string;
			param: string | null;
			/** The official clients throw when they see this field, and pass by the four above. */
			error: {
				type: string;
				code: string;
				message: string;
				param: string | null;
			};
	  };

/** An event with its number, as bytes of a stream; numbers start at 0. */
export function toFrame(event: ResponseEvent, sequenceNumber: number): string {
	const { type, ...fields } = event;
	const data = JSON.stringify({
		type,
		sequence_number: sequenceNumber,
		...fields,
	});
	return `event: ${type}\n${eventStart}${data}${eventEnd}`;
}
