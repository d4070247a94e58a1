import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer } from "../testing/test-server.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

async function asked(
	body: Record<string, unknown>,
	headers: Record<string, string> = {},
	keys: readonly string[] = [],
): Promise<GenerationRequest> {
	const { app, scripted } = createTestServer({ apiKeyHashes: keys.map(hash) });
	const answer = await app.inject({
		method: "POST",
		url: "/v1/completions",
		headers,
		payload: { prompt: "x", ...body },
	});
	expect(answer.json().error).toBeUndefined();
	return scripted.requests[0] as GenerationRequest;
}

describe("the tenant of a request", () => {
	it("is nobody when nothing tells", async () => {
		expect((await asked({})).tenant).toBe("");
		expect((await asked({ user: "" })).tenant).toBe("");
	});

	it("is the key together with the end user, neither of them readable", async () => {
		const keys = ["key-one", "key-two"];
		const tenantOf = async (key: string, body = {}) =>
			(await asked(body, { authorization: `Bearer ${key}` }, keys)).tenant;
		const all = [
			await tenantOf("key-one"),
			await tenantOf("key-two"),
			await tenantOf("key-one", { user: "ann@example.org" }),
			await tenantOf("key-two", { user: "ann@example.org" }),
			await tenantOf("key-one", { user: "bob@example.org" }),
			(await asked({ user: "ann@example.org" })).tenant,
		];
		expect(new Set(all).size).toBe(6);
		expect(all.join()).not.toMatch(/key-|ann|example/);
		expect(await tenantOf("key-one", { user: "ann@example.org" })).toBe(all[2]);
	});

	it("is read from safety_identifier where there is no user", async () => {
		const { tenant } = await asked({ user: "ann" });
		expect((await asked({ safety_identifier: "ann" })).tenant).toBe(tenant);
		const both = { user: "ann", safety_identifier: "bob" };
		expect((await asked(both)).tenant).toBe(tenant);
	});
});

describe("cache_salt", () => {
	it("goes with the request, from the top level and from nvext", async () => {
		expect((await asked({})).cacheSalt).toBe("");
		expect((await asked({ cache_salt: null })).cacheSalt).toBe("");
		expect((await asked({ cache_salt: "a" })).cacheSalt).toBe("a");
		expect((await asked({ nvext: { cache_salt: "b" } })).cacheSalt).toBe("b");
	});
});

describe("a deadline", () => {
	it("counts from the request's arrival", async () => {
		expect((await asked({})).deadlineMs).toBeNull();
		const deadlineMs = (await asked({ deadline_ms: 50_000 })).deadlineMs ?? 0;
		expect(deadlineMs).toBeLessThan(50_000);
		expect(deadlineMs).toBeGreaterThan(40_000);
	});

	it("comes in the body, in nvext or as a header, and the body wins", async () => {
		const header = { "X-Request-Deadline-Ms": "9000" };
		const near = (milliseconds: number) => ({
			asymmetricMatch: (value: unknown) =>
				typeof value === "number" &&
				value <= milliseconds &&
				value > milliseconds - 5000,
		});
		const nvext = { deadline_ms: 20_000 };
		expect((await asked({ nvext })).deadlineMs).toEqual(near(20_000));
		expect((await asked({}, header)).deadlineMs).toEqual(near(9000));
		const body = { deadline_ms: 60_000 };
		expect((await asked(body, header)).deadlineMs).toEqual(near(60_000));
	});

	for (const value of ["0", "-1", "soon", "1.5", "1e3", "", "999999999"]) {
		it(`is refused as the header '${value}', by name`, async () => {
			const { app } = createTestServer();
			for (const url of ["/v1/completions", "/v1/chat/completions"]) {
				const answer = await app.inject({
					method: "POST",
					url,
					headers: { "x-request-deadline-ms": value },
					payload: url.includes("chat")
						? { messages: [{ role: "user", content: "x" }] }
						: { prompt: "x" },
				});
				expect(answer.statusCode).toBe(400);
				expect(answer.json().error).toMatchObject({
					param: "X-Request-Deadline-Ms",
					code: "invalid_request",
				});
			}
		});
	}

	it("that can't be met is a 429 with Retry-After, and one that was not met a 504", async () => {
		const answerTo = async (error: GalleyError) => {
			const scripted = createScriptedService({
				script: { deltas: [], errorAtStart: error },
			});
			return createTestServer({}, scripted).app.inject({
				method: "POST",
				url: "/v1/completions",
				payload: { prompt: "x", deadline_ms: 5 },
			});
		};
		const refused = await answerTo(
			new GalleyError("deadline_unreachable", "Too late.", {
				retryAfterSeconds: 7,
			}),
		);
		expect(refused.statusCode).toBe(429);
		expect(refused.headers["retry-after"]).toBe("7");
		expect(refused.json().error).toMatchObject({
			type: "rate_limit_error",
			code: "deadline_unreachable",
		});
		const late = await answerTo(new GalleyError("deadline_exceeded", "Late."));
		expect(late.statusCode).toBe(504);
	});
});
