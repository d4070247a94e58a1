import { z } from "zod";

/**
 * What to do with a conversation that is longer than the context: refuse it, or leave out its oldest turns whole.
 *
 *     system | user assistant | user assistant tool assistant | user ...
 *     kept     dropped first    dropped next                    kept: the last turn
 *
 * A turn goes from a user's message to the next, so a tool's call and its result stay together. System and developer
 * messages are kept wherever they stand.
 */
export const truncationField = z
	.enum(["auto", "disabled"])
	.nullish()
	.describe(
		"Where the conversation and the tokens to generate don't fit the context: 'disabled' refuses, which is the default; 'auto' leaves out the oldest turns and says so in 'truncation' and in the header X-Galley-Truncated.",
	);

export interface Truncation {
	droppedMessages: number;
	/** Null when the conversation was too long to be worth counting. */
	droppedTokens: number | null;
}

export const truncationHeader = "x-galley-truncated";

/** `messages=4; tokens=1200` */
export function toTruncationHeader({
	droppedMessages,
	droppedTokens,
}: Truncation): string {
	const tokens = droppedTokens === null ? "" : `; tokens=${droppedTokens}`;
	return `messages=${droppedMessages}${tokens}`;
}

export function toWireTruncation({
	droppedMessages,
	droppedTokens,
}: Truncation) {
	return { dropped_messages: droppedMessages, dropped_tokens: droppedTokens };
}

interface WithRole {
	role: string;
}

export interface Truncated<Message> {
	messages: readonly Message[];
	/** Null when all fitted. */
	droppedMessages: number | null;
}

/** Tokens that are left for the answer when nobody says how many it may have. */
export function roomForAnswer(
	maxModelLength: number,
	maxTokens: number | null,
): number {
	return (
		maxTokens ?? Math.min(1024, Math.max(1, Math.floor(maxModelLength / 8)))
	);
}

/**
 * Leaves out as few of the oldest turns as makes the rest fit; when not even the last turn fits, only that and the system
 * messages are left, for the caller to refuse. `fits` is asked a logarithmic number of times: it renders and tokenizes.
 */
export function dropOldestTurns<Message extends WithRole>(
	messages: readonly Message[],
	fits: (messages: readonly Message[]) => boolean,
): Truncated<Message> {
	if (fits(messages)) return { messages, droppedMessages: null };
	const turnStarts = findTurnStarts(messages);
	const without = (turnCount: number): Message[] => {
		const firstKept = turnStarts[turnCount] ?? 0;
		return messages.filter(
			(message, index) => index >= firstKept || isFixed(message),
		);
	};
	// Everything below `low` is known not to fit; `high` is the answer when nothing smaller is.
	let low = 1;
	let high = turnStarts.length - 1;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (fits(without(middle))) high = middle;
		else low = middle + 1;
	}
	const kept = high < 1 ? [...messages] : without(high);
	const droppedMessages = messages.length - kept.length;
	return {
		messages: kept,
		droppedMessages: droppedMessages === 0 ? null : droppedMessages,
	};
}

function isFixed({ role }: WithRole): boolean {
	return role === "system" || role === "developer";
}

/** Where turns begin. What stands before the first user's message belongs to a turn of its own. */
function findTurnStarts(messages: readonly WithRole[]): number[] {
	const starts: number[] = [];
	for (const [index, message] of messages.entries()) {
		if (isFixed(message)) continue;
		if (message.role === "user" || starts.length === 0) starts.push(index);
	}
	return starts;
}
