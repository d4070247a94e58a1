import { GalleyError } from "../../core/errors.ts";

/** Chat's names of fields, and ours. */
const ownNames: readonly (readonly [pattern: RegExp, name: string])[] = [
	[/^messages(\[\d+\].*)?$/, "input"],
	[/^max_(completion_)?tokens$/, "max_output_tokens"],
	[/^response_format\.json_schema/, "text.format"],
	[/^response_format/, "text.format"],
	[/^(tools\[\d+\])\.function/, "$1"],
	[/^tool_choice\.function/, "tool_choice"],
	[/^reasoning_effort$/, "reasoning.effort"],
	[/^verbosity$/, "text.verbosity"],
	[/^logprobs$/, "include"],
];

function toOwnName(name: string): string {
	const known = ownNames.find(([pattern]) => pattern.test(name));
	return known === undefined ? name : name.replace(known[0], known[1]);
}

/** An error about a chat completion, under the names that its fields have in a response. */
export function inOwnWords(error: GalleyError): GalleyError {
	const { code, message, param, cause } = error;
	return new GalleyError(
		code,
		message.replaceAll(
			/'([a-z_]+[\w.[\]]*)'/g,
			(_quoted, name: string) => `'${toOwnName(name)}'`,
		),
		{
			cause,
			...(param === null ? {} : { param: toOwnName(param) }),
			...(error.retryAfterSeconds === null
				? {}
				: { retryAfterSeconds: error.retryAfterSeconds }),
		},
	);
}
