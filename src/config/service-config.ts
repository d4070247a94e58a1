import { readFileSync } from "node:fs";
import { GalleyError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { apiKeyHashes, keysOfFile } from "./api-key-hash.ts";
import { parseConfigFile } from "./config-file.ts";
import { toEnvironmentName, toKebabCase } from "./option.ts";
import { describeOrigin, type Origin } from "./origin.ts";
import {
	type ServiceOptionName,
	type ServiceSettings,
	serviceOption,
	serviceOptionNames,
} from "./service-options.ts";
import { settingsProblems } from "./settings-problems.ts";

export interface ConfigSources {
	/** Flags by the options' names in code; undefined is not given. Names that are no option are left alone. */
	flags: Readonly<Record<string, unknown>>;
	environment: Readonly<Record<string, string | undefined>>;
	/** The YAML file; otherwise the flag `--config` or the variable `GALLEY_CONFIG` names it. */
	configFile?: string | undefined;
	readTextFile?: ((path: string) => string) | undefined;
}

export interface ServiceConfig
	extends Omit<
		ServiceSettings,
		"apiKey" | "apiKeyFile" | "adminApiKey" | "adminApiKeyFile"
	> {
	/** Hex SHA-256 of each accepted bearer key; empty lets everybody in. */
	readonly apiKeyHashes: readonly string[];
	/** Of the keys that may change the service; empty lets nobody. */
	readonly adminApiKeyHashes: readonly string[];
	readonly origins: Readonly<Record<ServiceOptionName, Origin>>;
	/** Worth telling, not worth stopping for. */
	readonly warnings: readonly string[];
}

interface Given {
	value: unknown;
	origin: Origin;
}

/**
 * One frozen configuration out of flags > environment > file > defaults. What the profile decides stays null until
 * `withProfile`. Throws GalleyError `invalid_configuration` with every problem at once.
 */
export function resolveServiceConfig(sources: ConfigSources): ServiceConfig {
	const {
		flags,
		environment,
		readTextFile = (path: string) => readFileSync(path, "utf8"),
	} = sources;
	const problems: string[] = [];
	const read = (path: string, purpose: string): string | null => {
		try {
			return readTextFile(path);
		} catch (cause) {
			problems.push(
				`${purpose} "${path}" can't be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
			);
			return null;
		}
	};

	const configFile =
		sources.configFile ??
		textOf(flags.config) ??
		textOf(environment.GALLEY_CONFIG);
	const fileText =
		configFile === undefined
			? null
			: read(configFile, "The configuration file");
	const file =
		configFile === undefined || fileText === null
			? { entries: new Map(), problems: [] }
			: parseConfigFile(configFile, fileText, serviceOptionNames);
	problems.push(...file.problems);

	const values: Record<string, unknown> = {};
	const origins: Record<string, Origin> = {};
	for (const name of serviceOptionNames) {
		const given =
			fromFlags(name, flags) ??
			fromEnvironment(name, environment) ??
			fromFile(name, configFile ?? "", file.entries);
		const { type, fallback } = serviceOption(name);
		values[name] = Array.isArray(fallback)
			? Object.freeze([...fallback])
			: fallback;
		origins[name] = given?.origin ?? { kind: "default" };
		if (given === null) continue;
		const parsed = type(given.value);
		if ("value" in parsed) values[name] = parsed.value;
		else problems.push(`${label(name, given.origin)} ${parsed.problem}.`);
	}

	const { apiKey, apiKeyFile, adminApiKey, adminApiKeyFile, ...settings } =
		values as unknown as ServiceSettings;
	const hashesOf = (
		given: readonly string[] | null,
		file: string | null,
	): readonly string[] => {
		const hashes = [...(given ?? [])];
		if (file !== null) {
			const keys = apiKeyHashes()(
				keysOfFile(read(file, "The key file") ?? "unread"),
			);
			if ("value" in keys) hashes.push(...keys.value);
			else
				problems.push(
					`The key file "${file}" holds no usable key; write one key a line.`,
				);
		}
		return Object.freeze([...new Set(hashes)]);
	};
	const keyHashes = hashesOf(apiKey, apiKeyFile);
	const adminKeyHashes = hashesOf(adminApiKey, adminApiKeyFile);

	// Rules between options only make sense once each value is right.
	if (problems.length === 0)
		problems.push(...settingsProblems(values as unknown as ServiceSettings));
	if (problems.length > 0) throw invalidConfiguration(problems);
	return Object.freeze({
		...settings,
		apiKeyHashes: keyHashes,
		adminApiKeyHashes: adminKeyHashes,
		origins: Object.freeze(origins as Record<ServiceOptionName, Origin>),
		warnings: Object.freeze(misspeltVariables(environment)),
	});
}

/** The same configuration with what the profile decided filled in where nobody else had said anything. */
export function withProfile(
	config: ServiceConfig,
	profile: {
		name: string;
		settings: Readonly<Partial<Record<ServiceOptionName, unknown>>>;
	},
): ServiceConfig {
	const values: Record<string, unknown> = { ...config };
	const origins: Record<ServiceOptionName, Origin> = { ...config.origins };
	for (const name of serviceOptionNames) {
		const value = profile.settings[name];
		const isOpen =
			origins[name].kind === "default" ||
			values[name] === null ||
			values[name] === "auto";
		if (value === undefined || value === values[name] || !isOpen) continue;
		values[name] = value;
		origins[name] = { kind: "profile", name: profile.name };
	}
	return Object.freeze({
		...(values as unknown as ServiceConfig),
		origins: Object.freeze(origins),
	});
}

function fromFlags(
	name: ServiceOptionName,
	flags: ConfigSources["flags"],
): Given | null {
	const value = flags[name];
	if (value === undefined) return null;
	// The model is an argument, not a flag.
	const written =
		name === "model"
			? "MODEL"
			: `--${value === false ? "no-" : ""}${toKebabCase(name)}`;
	return { value, origin: { kind: "flag", name: written } };
}

function fromEnvironment(
	name: ServiceOptionName,
	environment: ConfigSources["environment"],
): Given | null {
	for (const alias of [
		{ name: toEnvironmentName(name) },
		...(serviceOption(name).aliases ?? []),
	]) {
		const text = environment[alias.name];
		// Manifests set variables to nothing to switch them off.
		if (text === undefined || text.trim() === "") continue;
		// Kubernetes sets GALLEY_PORT=tcp://10.0.0.1:8000 in every pod beside a Service that is called "galley".
		if (name === "port" && text.includes("://")) continue;
		const toValue = "toValue" in alias ? alias.toValue : undefined;
		return {
			value: toValue?.(text) ?? text,
			origin: { kind: "environment", name: alias.name },
		};
	}
	return null;
}

function fromFile(
	name: ServiceOptionName,
	path: string,
	entries: ReadonlyMap<string, { value: unknown; line: number }>,
): Given | null {
	const entry = entries.get(name);
	return entry === undefined
		? null
		: { value: entry.value, origin: { kind: "file", path, line: entry.line } };
}

function label(name: ServiceOptionName, origin: Origin): string {
	const place = describeOrigin(origin);
	return origin.kind === "file" ? `${place}: ${toKebabCase(name)}` : place;
}

/** A variable with our prefix that we don't know may be another program's, so it is no error. */
function misspeltVariables(
	environment: ConfigSources["environment"],
): string[] {
	const known = new Set(serviceOptionNames.map(toEnvironmentName));
	const warnings: string[] = [];
	for (const name of Object.keys(environment)) {
		if (
			!name.startsWith("GALLEY_") ||
			known.has(name) ||
			/^GALLEY_(SERVICE|PORT)_/.test(name)
		)
			continue;
		const nearest = nearestName(
			name.slice("GALLEY_".length),
			[...known].map((other) => other.slice("GALLEY_".length)),
		);
		if (nearest !== null)
			warnings.push(
				`The variable ${name} is unknown and ignored; did you mean GALLEY_${nearest}?`,
			);
	}
	return warnings;
}

function textOf(value: unknown): string | undefined {
	return typeof value === "string" && value !== "" ? value : undefined;
}

function invalidConfiguration(problems: readonly string[]): GalleyError {
	const [only] = problems;
	const message =
		problems.length === 1 && only !== undefined
			? only
			: `The configuration has ${problems.length} problems:\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
	return new GalleyError("invalid_configuration", message);
}
