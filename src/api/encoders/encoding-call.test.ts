import { describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { encode } from "./encoding-call.ts";

function call() {
	const counted: string[] = [];
	const metrics = {
		contentType: "",
		render: async () => "",
		observeRequest() {},
		requestEncoded: () => void counted.push("encoded"),
		requestRejected: (code: string) => void counted.push(`rejected ${code}`),
		requestFailed: (code: string) => void counted.push(`failed ${code}`),
	};
	const asked = {
		id: "1",
		startedAt: 0,
		signal: new AbortController().signal,
		record: { model: null, promptTokens: 0 },
	};
	const failWith = (error: Error) =>
		encode(
			{ metrics },
			asked,
			1,
			(field, index) => `${field}/${index}`,
			() => Promise.reject(error),
		).catch((thrown: GalleyError) => thrown);
	return { counted, failWith };
}

describe("an error of the service", () => {
	it.each([
		["inputs[3]", "'inputs[3]' is long.", "inputs/3", "'inputs/3' is long."],
		["input[3]", "This input is long.", "input/3", "'input/3' is long."],
		["input", "This input is long.", "input/0", "'input/0' is long."],
		["passages[1]", '"passages[1]" is.', "passages/1", "'passages/1' is."],
		["query", "Too long.", "query/null", "'query/null': Too long."],
		["dimensions", "'dimensions' no.", "dimensions", "'dimensions' no."],
	])("at %s names what the caller sent", async (param, said, name, message) => {
		const { failWith, counted } = call();
		const error = new GalleyError("context_length_exceeded", said, { param });
		expect(await failWith(error)).toMatchObject({
			code: "context_length_exceeded",
			param: name,
			message,
		});
		expect(counted).toEqual(["rejected context_length_exceeded"]);
	});

	it("counts as a failure when it is not the caller's fault", async () => {
		const { failWith, counted } = call();
		await failWith(new GalleyError("engine_crashed", "It died."));
		await failWith(new GalleyError("client_closed", "Gone."));
		expect(await failWith(new Error("?"))).toMatchObject({ code: "internal" });
		expect(counted).toEqual([
			"failed engine_crashed",
			"failed client_closed",
			"failed internal",
		]);
	});
});
