export interface Timed {
	/** From the request to the first text of the answer. */
	firstTextMs: number;
	/** As the chatbot timed them. */
	stages: Record<string, number>;
}

interface Chunk {
	choices?: {
		delta: { content?: string; stages?: { stage: string; ms: number }[] };
	}[];
	error?: { message: string };
}

/** Asks the chatbot and reads its answer to the end. */
export async function askStreaming(
	url: string,
	question: string,
	settings: object,
): Promise<Timed> {
	const start = performance.now();
	const response = await fetch(`${url}/v1/chat/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			stream: true,
			messages: [{ role: "user", content: question }],
			settings,
		}),
	});
	if (!response.ok || response.body === null)
		throw new Error(await response.text());
	let firstTextMs: number | null = null;
	const stages: Timed["stages"] = {};
	let left = "";
	const decoder = new TextDecoder();
	for await (const piece of response.body) {
		const lines = (left + decoder.decode(piece, { stream: true })).split("\n");
		left = lines.pop() ?? "";
		for (const line of lines) {
			if (!line.startsWith("data: {")) continue;
			const { choices, error } = JSON.parse(line.slice(6)) as Chunk;
			if (error !== undefined) throw new Error(error.message);
			const delta = choices?.[0]?.delta;
			for (const { stage, ms } of delta?.stages ?? []) stages[stage] = ms;
			if ((delta?.content ?? "") !== "")
				firstTextMs ??= performance.now() - start;
		}
	}
	if (firstTextMs === null) throw new Error("The answer has no text.");
	return { firstTextMs, stages };
}
