import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	type ConfigSources,
	resolveServiceConfig,
	withProfile,
} from "./service-config.ts";
import { serviceOptionNames } from "./service-options.ts";

const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");

function resolve(
	sources: Partial<ConfigSources> & { files?: Record<string, string> },
) {
	const { files = {}, ...rest } = sources;
	return resolveServiceConfig({
		flags: {},
		environment: {},
		readTextFile: (path) => {
			const text = Object.hasOwn(files, path) ? files[path] : undefined;
			if (text === undefined) throw new Error("no such file");
			return text;
		},
		...rest,
	});
}

function problemsOf(sources: Parameters<typeof resolve>[0]): string {
	try {
		resolve(sources);
	} catch (error) {
		expect(error).toMatchObject({ code: "invalid_configuration" });
		return (error as Error).message;
	}
	throw new Error("the configuration was accepted");
}

describe("resolveServiceConfig", () => {
	it("has a default for everything", () => {
		const config = resolve({});
		expect(config).toMatchObject({
			host: "127.0.0.1",
			port: 8000,
			apiKeyHashes: [],
			maxModelLen: null,
			mmap: true,
		});
		for (const name of serviceOptionNames)
			expect(config.origins[name]).toEqual({ kind: "default" });
		expect(config.warnings).toEqual([]);
	});

	it("lets a flag win over a variable, a variable over the file, the file over the default", () => {
		const files = { "galley.yaml": "port: 3\nhost: file\nthreads: 3\n" };
		const config = resolve({
			flags: { config: "galley.yaml", port: "1" },
			environment: { GALLEY_PORT: "2", GALLEY_HOST: "environment" },
			files,
		});
		expect(config).toMatchObject({
			port: 1,
			host: "environment",
			threads: 3,
			logLevel: "info",
		});
		expect(config.origins).toMatchObject({
			port: { kind: "flag", name: "--port" },
			host: { kind: "environment", name: "GALLEY_HOST" },
			threads: { kind: "file", path: "galley.yaml", line: 3 },
			logLevel: { kind: "default" },
		});
	});

	it("takes the file from a variable as well", () => {
		expect(
			resolve({
				environment: { GALLEY_CONFIG: "a.yaml" },
				files: { "a.yaml": "port: 5" },
			}).port,
		).toBe(5);
	});

	it("understands NIM's variables, behind its own", () => {
		const config = resolve({
			environment: {
				NIM_SERVER_PORT: "9000",
				GALLEY_MAX_MODEL_LEN: "512",
				NIM_MAX_MODEL_LEN: "1024",
				NIM_JSONL_LOGGING: "1",
				NIM_LOG_LEVEL: "WARNING",
				NIM_DISABLE_LOG_REQUESTS: "true",
				NIM_MODEL_NAME: "starter-chat",
				NIM_CORS_ALLOW_ORIGINS: "https://a.example,https://b.example",
			},
		});
		expect(config).toMatchObject({
			port: 9000,
			maxModelLen: 512,
			logFormat: "json",
			logLevel: "warn",
			disableLogRequests: true,
			model: "starter-chat",
			corsAllowOrigins: ["https://a.example", "https://b.example"],
		});
		expect(config.origins.port).toEqual({
			kind: "environment",
			name: "NIM_SERVER_PORT",
		});
	});

	it("takes a variable that is set to nothing as not set", () => {
		expect(
			resolve({ environment: { GALLEY_PORT: "", NIM_SERVER_PORT: " " } }).port,
		).toBe(8000);
	});

	it("is not misled by the address that Kubernetes puts in GALLEY_PORT", () => {
		const environment = {
			GALLEY_PORT: "tcp://10.0.0.1:8000",
			GALLEY_SERVICE_HOST: "10.0.0.1",
			GALLEY_PORT_8000_TCP: "x",
		};
		const config = resolve({ environment });
		expect(config.port).toBe(8000);
		expect(config.warnings).toEqual([]);
	});

	it("reports all problems at once, each with its place", () => {
		const message = problemsOf({
			flags: { config: "galley.yaml", port: "abc", maxNumSeqs: "0" },
			environment: { GALLEY_LOG_LEVEL: "loud" },
			files: { "galley.yaml": "hots: x\nmmap: perhaps\n" },
		});
		expect(message.split("\n").map((line) => line.trim())).toEqual([
			"The configuration has 5 problems:",
			'galley.yaml:1: unknown key "hots"; did you mean "host"?',
			'--max-num-seqs must be "auto" or a whole number from 1 to 256, not "0".',
			'galley.yaml:2: mmap must be true or false, not "perhaps".',
			'--port must be a whole number from 0 to 65535, not "abc".',
			'GALLEY_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud".',
		]);
	});

	it("says when the configuration file can't be read", () => {
		expect(problemsOf({ flags: { config: "gone.yaml" } })).toBe(
			'The configuration file "gone.yaml" can\'t be read: no such file.',
		);
	});

	it("keeps keys as hashes only, from everywhere", () => {
		const config = resolve({
			flags: { apiKey: ["first", "second"], apiKeyFile: "keys" },
			files: { keys: "# for the team\nthird\n\nfirst\n" },
		});
		expect(config.apiKeyHashes).toEqual(
			["first", "second", "third"].map(sha256),
		);
		expect(JSON.stringify(config)).not.toMatch(/first|second|third/);
		expect(
			resolve({ environment: { GALLEY_API_KEY: "a,b" } }).apiKeyHashes,
		).toEqual(["a", "b"].map(sha256));
	});

	it("refuses keys that no header can carry, without showing them", () => {
		const message = problemsOf({ flags: { apiKey: ["my secret"] } });
		expect(message).toMatch(/^--api-key must be one or more keys/);
		expect(message).not.toContain("my secret");
		expect(
			problemsOf({
				flags: { apiKeyFile: "keys" },
				files: { keys: "\n# none\n" },
			}),
		).toMatch(/holds no usable key/);
		expect(problemsOf({ flags: { apiKeyFile: "gone" } })).toMatch(
			/The key file "gone" can't be read/,
		);
	});

	it("refuses half a TLS set-up", () => {
		expect(problemsOf({ flags: { sslMode: "tls" } })).toMatch(
			/needs --ssl-cert and --ssl-key/,
		);
		expect(
			problemsOf({ flags: { sslMode: "mtls", sslCert: "c", sslKey: "k" } }),
		).toMatch(/needs --ssl-ca/);
		expect(problemsOf({ flags: { sslCert: "c", sslKey: "k" } })).toMatch(
			/TLS is off/,
		);
		expect(
			resolve({
				flags: { sslMode: "MTLS", sslCert: "c", sslKey: "k", sslCa: "a" },
			}).sslMode,
		).toBe("mtls");
	});

	it("refuses what can't work together", () => {
		expect(
			problemsOf({ flags: { maxNumSeqs: "16", maxNumBatchedTokens: "8" } }),
		).toMatch(/can't be below --max-num-seqs 16/);
		expect(
			problemsOf({ flags: { kvCacheTypeV: "q8_0", flashAttention: "off" } }),
		).toMatch(/needs flash attention/);
		expect(problemsOf({ flags: { servedModelName: "a,b" } })).toMatch(
			/takes one name/,
		);
		expect(
			problemsOf({ flags: { corsAllowOrigins: "https://a.example/" } }),
		).toMatch(/write "https:\/\/a.example"/);
		expect(problemsOf({ flags: { corsAllowOrigins: "example.org" } })).toMatch(
			/is no origin/,
		);
		expect(
			resolve({ flags: { corsAllowOrigins: "*" } }).corsAllowOrigins,
		).toEqual(["*"]);
	});

	it("warns about a variable that looks misspelt, and only then", () => {
		const environment = {
			GALLEY_MAX_MODEL_LENGTH: "4096",
			GALLEY_DATABASE_URL: "x",
			GALLEY_API_KEY: "k",
			PORT: "1",
		};
		expect(resolve({ environment }).warnings).toEqual([
			"The variable GALLEY_MAX_MODEL_LENGTH is unknown and ignored; did you mean GALLEY_MAX_MODEL_LEN?",
		]);
	});

	it("is frozen, lists too", () => {
		const config = resolve({});
		expect(Object.isFrozen(config)).toBe(true);
		expect(Object.isFrozen(config.origins)).toBe(true);
		expect(Object.isFrozen(config.corsAllowMethods)).toBe(true);
		expect(
			Object.isFrozen(
				resolve({ flags: { corsAllowOrigins: "*" } }).corsAllowOrigins,
			),
		).toBe(true);
	});

	it("either resolves or refuses with its own error, whatever the variables hold", () => {
		const variable = fc.constantFrom(
			...serviceOptionNames.map(
				(name) => `GALLEY_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`,
			),
		);
		fc.assert(
			fc.property(fc.dictionary(variable, fc.string()), (environment) => {
				try {
					resolve({ environment });
				} catch (error) {
					expect(error).toMatchObject({ code: "invalid_configuration" });
				}
			}),
		);
	});
});

describe("withProfile", () => {
	const profile = {
		name: "llama-q8_0-cpu",
		settings: {
			maxModelLen: 2048,
			threads: 4,
			kvLayout: "streams",
			port: 8000,
		},
	};

	it("fills what was left open and says that it was the profile", () => {
		const config = withProfile(resolve({ flags: { threads: "2" } }), profile);
		expect(config).toMatchObject({
			maxModelLen: 2048,
			threads: 2,
			kvLayout: "streams",
		});
		expect(config.origins).toMatchObject({
			maxModelLen: { kind: "profile", name: "llama-q8_0-cpu" },
			threads: { kind: "flag" },
			kvLayout: { kind: "profile" },
			port: { kind: "default" },
		});
		expect(Object.isFrozen(config)).toBe(true);
	});

	it("decides where somebody said auto", () => {
		const config = withProfile(
			resolve({ flags: { maxModelLen: "auto", kvLayout: "auto" } }),
			profile,
		);
		expect(config).toMatchObject({ maxModelLen: 2048, kvLayout: "streams" });
	});
});
