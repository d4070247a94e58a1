import { type ErrorCode, GalleyError } from "../core/errors.ts";

/** What a shell or a supervisor learns from how a command ended; `galley --help` lists them. */
export const exitCodes = {
	ok: 0,
	failure: 1,
	/** Flags, arguments, variables or the configuration file are wrong. */
	usage: 2,
	/** The model isn't there, can't be fetched, is damaged, or doesn't fit in memory. */
	model: 3,
	/** A service or an engine can't be reached or started. */
	unavailable: 4,
	/** Another program listens on the port or socket. */
	addressInUse: 5,
	/** Ended by Ctrl-C: 128 + SIGINT. */
	interrupted: 130,
} as const;

const codesOfErrors: Partial<Record<ErrorCode, number>> = {
	invalid_configuration: exitCodes.usage,
	invalid_request: exitCodes.usage,
	invalid_json: exitCodes.usage,
	unsupported_parameter: exitCodes.usage,
	model_not_found: exitCodes.model,
	model_unusable: exitCodes.model,
	insufficient_memory: exitCodes.model,
	download_failed: exitCodes.model,
	insufficient_storage: exitCodes.model,
	permission_denied: exitCodes.model,
	engine_unavailable: exitCodes.unavailable,
	engine_crashed: exitCodes.unavailable,
	engine_error: exitCodes.unavailable,
};

/** A failure whose exit code is known already, for example a child command's. */
export class CommandFailure extends Error {
	override readonly name = "CommandFailure";
	readonly exitCode: number;

	constructor(message: string, exitCode: number) {
		super(message);
		this.exitCode = exitCode;
	}
}

export function exitCodeOf(error: unknown): number {
	if (error instanceof CommandFailure) return error.exitCode;
	if (isAddressInUse(error)) return exitCodes.addressInUse;
	if (error instanceof GalleyError)
		return codesOfErrors[error.code] ?? exitCodes.failure;
	return exitCodes.failure;
}

function isAddressInUse(error: unknown): boolean {
	for (
		let current = error, depth = 0;
		current instanceof Error && depth < 8;
		current = current.cause, depth++
	) {
		if ((current as NodeJS.ErrnoException).code === "EADDRINUSE") return true;
	}
	return false;
}
