import type {
	AnswerEvent,
	AnswerKind,
	StillReading,
} from "../answer/answer-question.ts";
import type { FoundPassage } from "../answer/passage.ts";
import { withoutDanglingMarks } from "../answer/sentences.ts";
import { urlOf } from "./document-routes.ts";
import type { CitationShape, StageShape } from "./shapes.ts";

/** What an answer's events mean to somebody who reads it. */
export interface AnswerDelta {
	text: string;
	citation: CitationShape | null;
	stage: StageShape | null;
}

/** An answer as it comes: what of it is to be said now, and all of it so far. */
export class AnswerRecord {
	text = "";
	readonly citations: CitationShape[] = [];
	readonly stages: StageShape[] = [];
	kind: AnswerKind = "none";
	reading: readonly StillReading[] = [];
	#passages: readonly FoundPassage[] = [];

	/** Null for what isn't said. */
	push(event: AnswerEvent): AnswerDelta | null {
		switch (event.type) {
			case "text":
				this.text += event.text;
				return { text: event.text, citation: null, stage: null };
			case "stage": {
				const { stage, ms, detail } = event;
				this.stages.push({ stage, ms, detail });
				return { text: "", citation: null, stage: { stage, ms, detail } };
			}
			case "citation": {
				const text = `[${event.number}]`;
				this.text += text;
				return { text, citation: this.#cite(event), stage: null };
			}
			case "passages":
				this.#passages = event.passages;
				return null;
			case "end":
				this.kind = event.kind;
				this.reading = event.reading;
				return null;
		}
	}

	/** Null where the same place was cited before. */
	#cite({
		number,
		start,
		end,
	}: Extract<AnswerEvent, { type: "citation" }>): CitationShape | null {
		const passage = this.#passages[number - 1];
		if (passage === undefined) return null;
		const place = withoutDanglingMarks(
			passage.text,
			(start ?? passage.start) - passage.start,
			(end ?? passage.end) - passage.start,
		);
		const from = passage.start + place.start;
		const to = passage.start + place.end;
		const isKnown = this.citations.some(
			(other) =>
				other.number === number && other.start === from && other.end === to,
		);
		if (isKnown) return null;
		const citation: CitationShape = {
			number,
			documentId: passage.documentId,
			chunkId: passage.chunkId,
			title: passage.title,
			url: urlOf(passage.source),
			text: passage.text.slice(place.start, place.end),
			start: from,
			end: to,
		};
		this.citations.push(citation);
		return citation;
	}
}
