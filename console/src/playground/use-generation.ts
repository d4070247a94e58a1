import { useCallback, useEffect, useRef } from "react";
import { api } from "../api/client.ts";
import { type Answer, AnswerReader } from "./logic/answer.ts";
import { generate } from "./logic/generate.ts";

interface Asked {
	path: "/v1/chat/completions" | "/v1/completions";
	model: string;
	body: Readonly<Record<string, unknown>>;
	/** Called as often as the screen is drawn, and with the end. */
	onAnswer: (answer: Answer) => void;
}

/** Milliseconds between two drawings of a growing answer, at least. */
const drawEveryMs = 60;

/** Drawing may take a quarter of the time: Markdown is parsed anew each time, and somebody may be typing. */
const restsPerDrawing = 3;

/** Generations of one place on a page. Leaving the page stops them. */
export function useGeneration() {
	const running = useRef(new Set<AbortController>());

	const stop = useCallback(() => {
		for (const controller of running.current) controller.abort();
	}, []);

	useEffect(() => stop, [stop]);

	const ask = useCallback(
		async ({ path, model, body, onAnswer }: Asked): Promise<Answer> => {
			const controller = new AbortController();
			running.current.add(controller);
			const now = () => performance.now();
			let timer: ReturnType<typeof setTimeout> | undefined;
			let restMs = drawEveryMs;
			onAnswer(new AnswerReader(model, now()).snapshot(now()));
			const answer = await generate({
				openStream: api.stream,
				path,
				model,
				body,
				signal: controller.signal,
				now,
				onProgress: (reader) => {
					timer ??= setTimeout(() => {
						if (!reader.hasEnded) onAnswer(reader.snapshot(now()));
						const drawnAt = now();
						timer = setTimeout(() => {
							restMs = Math.max(
								drawEveryMs,
								restsPerDrawing * (now() - drawnAt),
							);
							timer = undefined;
						});
					}, restMs);
				},
			});
			clearTimeout(timer);
			running.current.delete(controller);
			onAnswer(answer);
			return answer;
		},
		[],
	);

	return { ask, stop };
}
