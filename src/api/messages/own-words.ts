import { GalleyError } from "../../core/errors.ts";

/** Chat's names of fields, longest first, and ours. */
const ownNames: readonly (readonly [pattern: RegExp, name: string])[] = [
	[/^messages\[\d+\].*$/, "messages"],
	[/^stop(?=$|\[)/, "stop_sequences"],
	[/^response_format\.json_schema\.schema/, "output_config.format.schema"],
	[/^response_format(\.json_schema)?/, "output_config.format"],
	[/^(tools\[\d+\])\.function\.parameters/, "$1.input_schema"],
	[/^(tools\[\d+\])\.function/, "$1"],
	[/^tool_choice\.function/, "tool_choice"],
	[/^parallel_tool_calls$/, "tool_choice.disable_parallel_tool_use"],
	[/^reasoning_effort$/, "output_config.effort"],
	[/^user$/, "metadata.user_id"],
	[/^continue_final_message$/, "messages"],
	[/^max_completion_tokens$/, "max_tokens"],
];

function toOwnName(name: string): string {
	const known = ownNames.find(([pattern]) => pattern.test(name));
	return known === undefined ? name : name.replace(known[0], known[1]);
}

/** An error about a chat completion, under the names that its fields have in a message. */
export function inOwnWords(error: GalleyError): GalleyError {
	const { code, message, param, cause, retryAfterSeconds } = error;
	return new GalleyError(
		code,
		message.replaceAll(
			/'([a-z_]+[\w.[\]]*)'/g,
			(_quoted, name: string) => `'${toOwnName(name)}'`,
		),
		{
			cause,
			...(param === null ? {} : { param: toOwnName(param) }),
			...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
		},
	);
}
