import { describe, expect, it } from "vitest";
import { replayConversation } from "./conversation.ts";
import type { InputItem, ResponseObject } from "./response-object.ts";
import type { StoredResponse } from "./response-store.ts";

function chain(length: number, text = "Hi", last: object = {}) {
	const byId = new Map<string, StoredResponse>();
	for (let place = 1; place <= length; place++) {
		const input: InputItem[] = [
			{
				id: `msg_${place}`,
				type: "message",
				role: "user",
				status: "completed",
				content: [{ type: "input_text", text }],
			},
		];
		const response = {
			id: `resp_${place}`,
			status: "completed",
			previous_response_id: place === 1 ? null : `resp_${place - 1}`,
			output: [],
			...(place === length ? last : {}),
		} as unknown as ResponseObject;
		byId.set(response.id, { owner: "", response, input, frames: null });
	}
	const replay = () =>
		replayConversation(
			async (id) => byId.get(id) ?? null,
			length === 0 ? null : `resp_${length}`,
		);
	return { byId, replay };
}

describe("a replayed conversation", () => {
	it("is in order, and empty without a previous response", async () => {
		expect(await chain(0).replay()).toEqual([]);
		const items = await chain(3).replay();
		expect(items.map(({ id }) => id)).toEqual(["msg_1", "msg_2", "msg_3"]);
	});

	it("is refused with a missing link, too many, or too much text", async () => {
		const { byId, replay } = chain(3);
		byId.delete("resp_1");
		await expect(replay()).rejects.toMatchObject({
			code: "previous_response_not_found",
			message: expect.stringContaining("earlier in this conversation"),
		});
		await expect(chain(1000).replay()).resolves.toHaveLength(1000);
		await expect(chain(1001).replay()).rejects.toThrow(/more than 1000/);
		const long = "x".repeat(1_000_000);
		await expect(chain(8, long).replay()).resolves.toHaveLength(8);
		await expect(chain(9, long).replay()).rejects.toThrow(/characters/);
	});

	it("is refused while its last response runs", async () => {
		const { replay } = chain(2, "Hi", { status: "in_progress" });
		await expect(replay()).rejects.toThrow(/is not finished/);
	});

	it("leaves out calls that were cut", async () => {
		const call = { type: "function_call", arguments: "{", id: "fc_1" };
		const output = [
			{ ...call, status: "completed" },
			{ ...call, id: "fc_2", status: "incomplete" },
		];
		const items = await chain(1, "Hi", { output }).replay();
		expect(items.map(({ id }) => id)).toEqual(["msg_1", "fc_1"]);
	});
});
