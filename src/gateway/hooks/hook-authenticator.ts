import type { IncomingMessage } from "node:http";
import { GalleyError } from "../../core/errors.ts";
import type { Authenticator, Principal } from "../access/principal.ts";
import type { HookPrincipal } from "./gateway-hook.ts";
import type { LoadedHooks } from "./load-hooks.ts";
import { LoadedHook } from "./loaded-hook.ts";

/** Asks the fleet's own authenticators in turn, then the gateway's keys. Whoever nobody knows is refused. */
export class HookAuthenticator implements Authenticator {
	readonly asksForKeys = true;
	readonly #hooks: LoadedHooks["authenticators"];
	readonly #keys: Authenticator;
	readonly #logger: ConstructorParameters<typeof LoadedHook>[2]["logger"];

	constructor(
		hooks: LoadedHooks["authenticators"],
		keys: Authenticator,
		logger: ConstructorParameters<typeof LoadedHook>[2]["logger"],
	) {
		this.#hooks = hooks;
		this.#keys = keys;
		this.#logger = logger;
	}

	async authenticate(request: IncomingMessage): Promise<Principal> {
		const { headers, method = "GET", url = "/", socket } = request;
		const [path = "/"] = url.split("?", 1);
		const remoteAddress = socket.remoteAddress ?? null;
		for (const { name, hook, timeoutMs } of this.#hooks) {
			// Who can't be told apart is let in nowhere, whatever becomes of other hooks' failures.
			const guard = new LoadedHook(
				name,
				{},
				{
					timeoutMs,
					onError: "refuse",
					logger: this.#logger,
				},
			);
			const found = await guard.run<HookPrincipal | null>(
				() => hook.authenticate({ headers, method, path, remoteAddress }),
				null,
			);
			if (found !== null && found !== undefined) return toPrincipal(found);
		}
		// Where the keys ask for none, only hooks let somebody in.
		await this.#keys.whenKnown?.();
		if (this.#keys.asksForKeys) return this.#keys.authenticate(request);
		throw new GalleyError(
			"invalid_api_key",
			"This gateway doesn't know who sends this. Send the credentials that its operator gave you.",
		);
	}
}

function toPrincipal({
	name,
	tenant = "default",
	keyId = name,
	scopes = ["inference"],
	models,
}: HookPrincipal): Principal {
	return { keyId, name, tenant, scopes, models: models ?? null };
}
