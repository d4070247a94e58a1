import type { z } from "zod";

/** What a value should have been, going on from its name: `is a number, not text`. Null where the schema has words of its own. */
export function issueWords(issue: z.core.$ZodIssue): string | null {
	switch (issue.code) {
		case "invalid_type":
			return issue.message.endsWith("received undefined")
				? "is missing"
				: `is ${kinds[issue.expected] ?? issue.expected}, not ${receivedKind(issue.message)}`;
		case "too_small":
			return issue.inclusive === false
				? `is more than ${issue.minimum}`
				: `${hasOrIs(issue.origin)} at least ${issue.minimum}${ofWhat(issue.origin)}`;
		case "too_big":
			return `${hasOrIs(issue.origin)} at most ${issue.maximum}${ofWhat(issue.origin)}`;
		case "invalid_value":
			return /^(is|has|may) /.test(issue.message)
				? null
				: `is one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
		case "invalid_format":
			return issue.format === "url"
				? "is an address such as http://127.0.0.1:8000/v1"
				: issue.format === "starts_with"
					? "begins with a slash"
					: null;
		default:
			return null;
	}
}

const kinds: Readonly<Record<string, string>> = {
	string: "text",
	number: "a number",
	int: "a whole number",
	boolean: "true or false",
	object: "keys with values",
	record: "keys with values",
	array: "a list",
};

/** Zod tells it in its message only: `expected number, received string`. */
function receivedKind(message: string): string {
	const received = /received (\w+)$/.exec(message)?.[1] ?? "";
	return received === "null" ? "nothing" : (kinds[received] ?? "that");
}

const hasOrIs = (origin: string) =>
	origin === "array" || origin === "string" ? "has" : "is";

function ofWhat(origin: string): string {
	if (origin === "array") return " in its list";
	return origin === "string" ? " characters" : "";
}
