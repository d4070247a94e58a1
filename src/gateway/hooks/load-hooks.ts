import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { GalleyError } from "../../core/errors.ts";
import type {
	AuthenticationHook,
	CreateAuthenticator,
	CreateHook,
} from "./gateway-hook.ts";
import { type HookLogger, LoadedHook } from "./loaded-hook.ts";

/** A line under `gateway.hooks` of a fleet file. */
export interface HookEntry {
	/** A path, relative to the fleet file, or a package's name. */
	module: string;
	options: Readonly<Record<string, unknown>>;
	timeoutMs: number;
	onError: "refuse" | "continue";
}

export interface LoadedHooks {
	hooks: readonly LoadedHook[];
	/** Asked in turn before the gateway's own keys. */
	authenticators: readonly {
		name: string;
		hook: AuthenticationHook;
		timeoutMs: number;
	}[];
}

/** Loads the modules. Throws `invalid_configuration` with all that is wrong: a gateway without its guards doesn't start. */
export async function loadHooks(
	entries: readonly HookEntry[],
	directory: string,
	logger: HookLogger,
): Promise<LoadedHooks> {
	const hooks: LoadedHook[] = [];
	const authenticators: LoadedHooks["authenticators"][number][] = [];
	const problems: string[] = [];
	for (const { module, options, timeoutMs, onError } of entries) {
		try {
			const { createHook, createAuthenticator } = await importHook(
				module,
				directory,
			);
			const fileName = basename(module).replace(/\.[^.]+$/, "");
			if (createHook !== null) {
				const hook = await createHook(options);
				const name = hook.name ?? fileName;
				hooks.push(new LoadedHook(name, hook, { timeoutMs, onError, logger }));
			}
			if (createAuthenticator !== null)
				authenticators.push({
					name: fileName,
					hook: await createAuthenticator(options),
					timeoutMs,
				});
		} catch (error) {
			problems.push(
				`The hook ${module} can't be used: ${error instanceof Error ? error.message : String(error)}`,
			);
		}
	}
	if (problems.length > 0)
		throw new GalleyError("invalid_configuration", problems.join("\n"));
	return { hooks, authenticators };
}

async function importHook(
	module: string,
	directory: string,
): Promise<{
	createHook: CreateHook | null;
	createAuthenticator: CreateAuthenticator | null;
}> {
	const isPath = /^(\.{0,2}\/|[A-Za-z]:[\\/])/.test(module);
	const address = isPath
		? pathToFileURL(resolve(directory, module)).href
		: module;
	const exported = (await import(address)) as Record<string, unknown>;
	const found = {
		createHook: asFunction<CreateHook>(exported.createHook),
		createAuthenticator: asFunction<CreateAuthenticator>(
			exported.createAuthenticator,
		),
	};
	if (found.createHook === null && found.createAuthenticator === null)
		throw new Error(
			"it exports neither a function createHook nor a function createAuthenticator.",
		);
	return found;
}

function asFunction<Type>(value: unknown): Type | null {
	return typeof value === "function" ? (value as Type) : null;
}
