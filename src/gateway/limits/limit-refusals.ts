import { PolicyRefusal } from "../policy/policy-refusal.ts";
import type { Limits } from "./limits.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import type { SlotShare } from "./slot-share.ts";
import type { WindowShare } from "./window-share.ts";

/** A key or a tenant with what it may use. */
export interface Subject {
	/** `key:ID` or `tenant:NAME` */
	name: string;
	/** For people. */
	title: string;
	limits: Limits;
}

/** When a call is refused: for whom, with all the windows that it would have taken from. */
interface Moment {
	subjects: readonly Subject[];
	windows: readonly WindowShare[];
	nowMs: number;
}

/** It could never be let through. */
export function tooLarge(
	{ title }: Subject,
	share: WindowShare,
	amount: number,
	nowMs: number,
): PolicyRefusal {
	return new PolicyRefusal(
		"rate_limit_exceeded",
		`This request takes about ${amount} tokens, and ${title} may use ${share.limit} a ${unitOf(share)}. Send a shorter prompt, or a smaller 'max_tokens'.`,
		rateLimitHeaders([share], nowMs),
	);
}

export function usedUp(share: WindowShare, moment: Moment): PolicyRefusal {
	const { windows, nowMs } = moment;
	const { counts } = share.kind;
	const left =
		counts === "requests" ? "they are used up" : `${share.remaining} are left`;
	const waitMs = share.endsInMs(nowMs);
	return new PolicyRefusal(
		"rate_limit_exceeded",
		`${titleOf(share.subject, moment)} may use ${share.limit} ${counts} a ${unitOf(share)}, and ${left}. Try again in ${formatWait(waitMs)}.`,
		rateLimitHeaders(windows, nowMs),
		{ retryAfterSeconds: waitMs / 1000 },
	);
}

export function tooMany(share: SlotShare, moment: Moment): PolicyRefusal {
	return new PolicyRefusal(
		"rate_limit_exceeded",
		`${titleOf(share.subject, moment)} may have ${share.limit} requests at a time, and all of them run. Try again when one has ended.`,
		rateLimitHeaders(moment.windows, moment.nowMs),
		{ retryAfterSeconds: 1 },
	);
}

export function tooExpensive(
	{ title, limits: { spendUsd } }: Subject,
	dollars: { spent: number; running: number; asked: number },
): PolicyRefusal {
	const [spent, running, asked] = [
		dollars.spent,
		dollars.running,
		dollars.asked,
	].map((sum) => sum.toFixed(4));
	return new PolicyRefusal(
		"insufficient_quota",
		`${capital(title)} may spend $${spendUsd}: $${spent} are spent, requests that run may cost $${running}, and this one $${asked}. Ask whoever runs this gateway to raise the limit.`,
		{},
	);
}

const unitOf = ({ kind }: WindowShare) =>
	kind.seconds === 60 ? "minute" : "day";

function titleOf(name: string, { subjects }: Moment): string {
	return capital(
		subjects.find((subject) => subject.name === name)?.title ?? name,
	);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function formatWait(ms: number): string {
	const seconds = Math.max(1, Math.ceil(ms / 1000));
	if (seconds < 120) return `${seconds} s`;
	const minutes = Math.ceil(seconds / 60);
	return minutes < 120
		? `${minutes} minutes`
		: `${Math.ceil(minutes / 60)} hours`;
}
