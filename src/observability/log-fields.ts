/**
 * Every field that a log line may have, besides `time`, `level`, `message` and `error`. Fields that are not in this table
 * are not written, whatever object is handed over: a prompt, a completion or a header can't get into the log by being part
 * of something that is logged. Texts are names and codes; long ones are cut.
 */
export const logFieldKinds = {
	requestId: "text",
	/** Of the trace that the request belongs to. */
	traceId: "text",
	method: "text",
	route: "text",
	status: "number",
	durationSeconds: "number",
	queueSeconds: "number",
	timeToFirstTokenSeconds: "number",
	model: "text",
	promptTokens: "number",
	cachedTokens: "number",
	completionTokens: "number",
	choices: "number",
	isStream: "flag",
	finishReason: "text",
	errorCode: "text",
	param: "text",
	remoteAddress: "text",

	component: "text",
	engine: "text",
	version: "text",
	profile: "text",
	device: "text",
	path: "text",
	address: "text",
	port: "number",
	pid: "number",
	exitCode: "number",
	signal: "text",
	phase: "text",
	progress: "number",
	etaSeconds: "number",
	attempt: "number",
	delayMs: "number",
	retryAfterSeconds: "number",
	reason: "text",
	seconds: "number",
	count: "number",
	bytes: "number",
	option: "text",
	origin: "text",
} as const satisfies Readonly<Record<string, "text" | "number" | "flag">>;

interface KindTypes {
	text: string;
	number: number;
	flag: boolean;
}

type Kinds = typeof logFieldKinds;

export type LogFields = {
	readonly [Name in keyof Kinds]?: KindTypes[Kinds[Name]] | null | undefined;
} & {
	/** Anything that was thrown. */
	readonly error?: unknown;
};
