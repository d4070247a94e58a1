import type { OwnProgram } from "../fleet/service-recipe.ts";
import { withoutOwnVariables } from "../fleet/service-recipe.ts";
import type { JobWork } from "./job.ts";
import { commandWork } from "./run-command.ts";

/** How commands of this program become work; each tells of its progress and ends with its result. */
export interface JobCommands {
	/** One that asks models through this gateway: it is told the address, and has a key. */
	client(words: readonly string[]): JobWork;
	/** One that computes on this machine by itself. */
	local(words: readonly string[]): JobWork;
}

interface JobCommandParts {
	program: Pick<OwnProgram, "executable" | "words">;
	environment: Readonly<Record<string, string | undefined>>;
	/** Of this gateway, once it listens. */
	address(): string;
	/** Undefined where the gateway asks for none. */
	apiKey: string | undefined;
}

export function jobCommands({
	program,
	environment,
	address,
	apiKey,
}: JobCommandParts): JobCommands {
	const start = (
		words: readonly string[],
		variables: Readonly<Record<string, string | undefined>>,
	) =>
		commandWork({
			executable: program.executable,
			words: [...program.words, ...words, "--json", "--progress=json"],
			environment: variables,
		});
	return {
		client: (words) =>
			start([...words, `--url=${address()}/v1`], {
				...environment,
				GALLEY_API_KEY: apiKey,
			}),
		local: (words) => start(words, withoutOwnVariables(environment)),
	};
}
