import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { FleetService } from "./fleet-file.ts";

/** How this program is started, without the words of a command. */
export interface OwnProgram {
	executable: string;
	words: readonly string[];
	version: string;
}

/** A sample application's, and the folder that it is kept in. */
export interface ApplicationProgram extends OwnProgram {
	folder: string;
}

/** How a replica of a service is started, but for what each has of its own. */
export interface ServiceRecipe {
	words: readonly string[];
	/** The service's settings, as the config file of `galley run` has them. */
	settings: string;
	environment: Readonly<Record<string, string | undefined>>;
	/** Replicas with another one are out of date. */
	digest: string;
}

/**
 * Variables that are meant for the gateway, or for one service run by hand: in front of many they would be wrong for each. What a
 * service is told stands in the fleet file.
 */
const ownVariables =
	/^(GALLEY_((ADMIN_)?API_KEY(_FILE)?|CONFIG|MODEL|SERVED_MODEL_NAME|HOST|PORT|SOCKET|SSL_\w+|DATABASE_URL|OTEL_SERVICE_NAME)|OTEL_SERVICE_NAME|NIM_(MODEL_NAME|MODEL_PATH|SERVED_MODEL_NAME|SERVER_PORT|HEALTH_PORT|SSL_\w+|TRITON_GRPC_PORT|OTEL_SERVICE_NAME))$/;

/** A service's own keys -> the options of `galley run` that they stand for. */
export const engineKeys = {
	engine: "engine",
	command: "engineCommand",
	url: "upstreamUrl",
	apiKeyEnv: "upstreamKeyEnv",
	readyPath: "engineReadyPath",
} as const satisfies Partial<Record<keyof FleetService, string>>;

/** What a service's own keys say of its engine, as options. */
export function engineOptions(
	service: FleetService,
): Readonly<Record<string, string>> {
	return Object.fromEntries(
		Object.entries(engineKeys).flatMap(([key, option]) => {
			const value = service[key as keyof typeof engineKeys];
			return value === undefined ? [] : [[option, value]];
		}),
	);
}

export function withoutOwnVariables(
	environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
	return Object.fromEntries(
		Object.entries(environment).filter(([key]) => !ownVariables.test(key)),
	);
}

export function serviceRecipe(
	service: FleetService,
	program: OwnProgram,
	environment: Readonly<Record<string, string | undefined>>,
	toOptionName: (name: string) => string,
): ServiceRecipe {
	const { name, model = name, options } = service;
	const named: Record<string, unknown> = {
		// A second door beside the gateway's, and the same one for every service.
		"grpc-port": "off",
		...Object.fromEntries(
			Object.entries({ ...options, ...engineOptions(service) }).map(
				([option, value]) => [toOptionName(option), value],
			),
		),
	};
	const settings = stringify(named);
	const words = [
		...program.words,
		"run",
		model,
		`--served-model-name=${name}`,
		"--log-level=info",
		"--log-format=json",
	];
	return {
		words,
		settings,
		environment: withoutOwnVariables(environment),
		digest: createHash("sha256")
			.update(JSON.stringify([words, settings, program.version]))
			.digest("hex"),
	};
}
