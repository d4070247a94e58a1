import type { BodyFacts } from "../policy/body-facts.ts";

const paths = new Set(["/v1/chat/completions", "/v1/completions"]);

/**
 * The body with a request for the stream's usage, which servers of OpenAI's API leave out unless they are asked. Null where nothing
 * has to be added: there is no stream, the client asked itself, or the body isn't what it should be, which the service will
 * say better.
 */
export function askForUsage(
	path: string,
	body: Buffer,
	{ start, isStream, streamOptions }: BodyFacts,
): Buffer | null {
	if (!isStream || start === null || !paths.has(path)) return null;
	if (streamOptions === null)
		return Buffer.concat([
			body.subarray(0, start),
			Buffer.from('"stream_options":{"include_usage":true},'),
			body.subarray(start),
		]);
	const given = parsed(
		body.toString("utf8", streamOptions.start, streamOptions.end),
	);
	if (given === undefined || typeof given !== "object" || Array.isArray(given))
		return null;
	const options = given as { include_usage?: unknown } | null;
	const asked = options?.include_usage;
	if (asked !== undefined && asked !== null && asked !== false) return null;
	return Buffer.concat([
		body.subarray(0, streamOptions.start),
		Buffer.from(JSON.stringify({ ...options, include_usage: true })),
		body.subarray(streamOptions.end),
	]);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// The service refuses the body, with the place.
		return undefined;
	}
}
