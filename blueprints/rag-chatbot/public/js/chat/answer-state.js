/** An answer while it is written, and when it is done. */
export function newAnswer() {
	return {
		text: "",
		citations: [],
		stages: [],
		kind: null,
		reading: [],
		messageId: null,
		rating: null,
		/** "waiting" | "writing" | "done" | "stopped" | "failed" */
		state: "waiting",
		problem: null,
	};
}

export function storedAnswer(message) {
	return {
		...newAnswer(),
		text: message.content,
		citations: message.citations ?? [],
		stages: message.stages ?? [],
		kind: message.kind ?? null,
		messageId: message.id,
		rating: message.rating ?? null,
		state: "done",
	};
}

/** The answer after one more piece of its stream. */
export function withChunk(answer, chunk) {
	if (chunk.error)
		return { ...answer, state: "failed", problem: chunk.error.message };
	const choice = chunk.choices?.[0];
	if (choice === undefined) return answer;
	const delta = choice.delta ?? {};
	const text = answer.text + (delta.content ?? "");
	return {
		...answer,
		text,
		citations: [...answer.citations, ...(delta.citations ?? [])],
		stages: [...answer.stages, ...(delta.stages ?? [])],
		kind: delta.kind ?? answer.kind,
		reading: delta.reading ?? answer.reading,
		messageId: delta.messageId ?? answer.messageId,
		state:
			choice.finish_reason != null
				? "done"
				: text === ""
					? "waiting"
					: "writing",
	};
}

/**
 * What each mark in a text points to: a passage that is quoted twice has two citations of one number, and the second mark
 * means the second one.
 */
export function citationFinder(citations) {
	const byNumber = Map.groupBy
		? Map.groupBy(citations, ({ number }) => number)
		: grouped(citations);
	const seen = new Map();
	return (number) => {
		const all = byNumber.get(number);
		if (all === undefined) return null;
		const before = seen.get(number) ?? 0;
		seen.set(number, before + 1);
		return all[Math.min(before, all.length - 1)];
	};
}

function grouped(citations) {
	const groups = new Map();
	for (const citation of citations)
		groups.set(citation.number, [
			...(groups.get(citation.number) ?? []),
			citation,
		]);
	return groups;
}
