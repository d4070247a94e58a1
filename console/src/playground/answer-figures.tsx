import { Group, Text, Tooltip } from "@mantine/core";
import { formatCount, formatMs } from "../components/quantities.ts";
import { type Answer, isRunning } from "./logic/answer.ts";

const reasons: Record<string, string> = {
	length: "cut off at the longest answer",
	tool_calls: "called tools",
	content_filter: "filtered",
};

/** How fast it came and what it cost, in a line. */
export function AnswerFigures({ answer }: { answer: Answer }) {
	const { timing, usage, finishReason, state } = answer;
	const reason =
		state === "stopped" ? "stopped" : (reasons[finishReason ?? ""] ?? null);
	return (
		<Group gap="2px var(--mantine-spacing-md)" className="galley-numbers">
			{timing?.firstTokenMs != null && (
				<Figure
					name="TTFT"
					about="Time to first token, seen from this browser"
					value={formatMs(timing.firstTokenMs)}
				/>
			)}
			{timing?.tokensPerSecond != null && !isRunning(answer) && (
				<Figure
					name="Speed"
					about="Tokens a second after the first"
					value={`${formatCount(Number(timing.tokensPerSecond.toFixed(1)))} tok/s`}
				/>
			)}
			{usage !== null && (
				<>
					<Figure
						name="Prompt"
						about="Tokens of the prompt; cached ones were not computed again"
						value={`${formatCount(usage.promptTokens)}${usage.cachedTokens > 0 ? ` (${formatCount(usage.cachedTokens)} cached)` : ""}`}
					/>
					<Figure
						name="Answer"
						about="Tokens of the answer"
						value={`${formatCount(usage.completionTokens)}${usage.reasoningTokens ? ` (${formatCount(usage.reasoningTokens)} thought)` : ""}`}
					/>
				</>
			)}
			{reason !== null && (
				<Text size="xs" c="dimmed">
					{reason}
				</Text>
			)}
		</Group>
	);
}

function Figure({
	name,
	about,
	value,
}: {
	name: string;
	about: string;
	value: string;
}) {
	return (
		<Tooltip label={about}>
			<Text size="xs" c="dimmed">
				{name}{" "}
				<Text span fw={600} c="var(--mantine-color-text)" inherit>
					{value}
				</Text>
			</Text>
		</Tooltip>
	);
}
