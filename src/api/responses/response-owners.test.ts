import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { createTestServer } from "../testing/test-server.ts";

const hash = (key: string) => createHash("sha256").update(key).digest("hex");
const { app } = createTestServer({
	apiKeyHashes: [hash("alice"), hash("bob")],
});
afterAll(() => app.close());

const send = (
	key: string,
	method: "GET" | "POST" | "DELETE",
	url: string,
	body?: object,
) =>
	app.inject({
		method,
		url,
		headers: { authorization: `Bearer ${key}` },
		...(body === undefined ? {} : { payload: body }),
	});

describe("another key's response", () => {
	it("is as if it weren't there", async () => {
		const made = await send("alice", "POST", "/v1/responses", { input: "Hi" });
		const { id } = made.json();
		const path = `/v1/responses/${id}`;
		expect((await send("alice", "GET", path)).statusCode).toBe(200);
		const unknown = await send("bob", "GET", "/v1/responses/resp_0");
		const foreign = await send("bob", "GET", path);
		expect(foreign.statusCode).toBe(404);
		expect(foreign.body.replace(id, "resp_0")).toBe(unknown.body);
		for (const [method, url] of [
			["GET", `${path}/input_items`],
			["POST", `${path}/cancel`],
			["DELETE", path],
		] as const)
			expect((await send("bob", method, url)).statusCode).toBe(404);
		const continued = await send("bob", "POST", "/v1/responses", {
			input: "Hi",
			previous_response_id: id,
		});
		expect(continued.statusCode).toBe(400);
		expect(continued.json().error.code).toBe("previous_response_not_found");
		expect((await send("alice", "GET", path)).statusCode).toBe(200);
	});

	it("stays private while it runs in the background", async () => {
		const made = await send("alice", "POST", "/v1/responses", {
			input: "Hi",
			background: true,
		});
		const path = `/v1/responses/${made.json().id}`;
		expect((await send("bob", "GET", path)).statusCode).toBe(404);
		expect((await send("bob", "POST", `${path}/cancel`)).statusCode).toBe(404);
		expect((await send("alice", "GET", path)).statusCode).toBe(200);
	});
});
