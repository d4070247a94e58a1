import { GalleyError } from "../../core/errors.ts";
import type {
	Admission,
	ModelCall,
	RequestPolicy,
} from "../policy/model-call.ts";
import { AnswerStage } from "./answer-stage.ts";
import type { HookContext, JsonObject } from "./gateway-hook.ts";
import { RefusedByHook } from "./hook-error.ts";
import { HookedAnswer } from "./hooked-answer.ts";
import type { LoadedHook } from "./loaded-hook.ts";

/** Runs the hooks of the fleet file on requests, and puts those that read answers before the client. */
export class HookPolicy implements RequestPolicy {
	readonly #hooks: readonly LoadedHook[];

	constructor(hooks: readonly LoadedHook[]) {
		this.#hooks = hooks;
	}

	async admit(call: ModelCall): Promise<Admission> {
		const contexts = this.#hooks.map(() => toContext(call));
		const body = await this.#askAll(call, contexts);
		const stages = this.#hooks.flatMap((loaded, index) => {
			const { onResponse, onEvent, filterText } = loaded.hook;
			const reads = onResponse ?? onEvent ?? filterText;
			return reads === undefined
				? []
				: [() => new AnswerStage(loaded, contexts[index] as HookContext)];
		});
		return {
			...(body === null ? {} : { body }),
			...(stages.length === 0
				? {}
				: {
						answerThrough: (client) =>
							new HookedAnswer(
								client,
								stages.map((open) => open()),
								call.path,
							),
					}),
		};
	}

	/** What was seen is what is sent: never bytes that another parser may read otherwise. Null leaves the body alone. */
	async #askAll(
		call: ModelCall,
		contexts: readonly HookContext[],
	): Promise<Buffer | null> {
		if (!this.#hooks.some(({ hook }) => hook.onRequest !== undefined))
			return null;
		let body = toJson(call);
		for (const [index, loaded] of this.#hooks.entries()) {
			const { hook, name } = loaded;
			if (hook.onRequest === undefined) continue;
			const context = contexts[index] as HookContext;
			const before = body;
			const decision = await loaded.run(
				() => hook.onRequest?.(before, context),
				undefined,
			);
			if (decision?.action === "refuse")
				throw new RefusedByHook(name, decision);
			if (decision?.action !== "replace") continue;
			if (body === null)
				throw new GalleyError(
					"internal",
					`The gateway's hook '${name}' replaced a body that is no JSON.`,
				);
			body = decision.body;
		}
		return body === null ? null : Buffer.from(JSON.stringify(body));
	}
}

function toContext({ id, principal, model, path }: ModelCall): HookContext {
	const { keyId, name, tenant } = principal;
	return {
		requestId: id,
		principal: { keyId, name, tenant },
		model,
		path,
		state: new Map(),
	};
}

/** Null for a form with a recording. What is no JSON object can't be looked at, and isn't passed on. */
function toJson({ headers, body }: ModelCall): JsonObject | null {
	if (String(headers["content-type"] ?? "").startsWith("multipart/"))
		return null;
	try {
		const parsed: unknown = JSON.parse(body.toString());
		if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
			return parsed as JsonObject;
	} catch {
		// Told below.
	}
	throw new GalleyError("invalid_json", "Send the body as a JSON object.");
}
