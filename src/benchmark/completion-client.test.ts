import { expect, test } from "vitest";
import { splitUrl } from "./completion-client.ts";

test("a base URL gets /v1 only when it has no path", () => {
	expect(splitUrl("http://localhost:8000")).toEqual({
		origin: "http://localhost:8000",
		apiPath: "/v1",
	});
	expect(splitUrl("https://host/openai/v1/")).toEqual({
		origin: "https://host",
		apiPath: "/openai/v1",
	});
	for (const wrong of ["localhost:8000", "", "ftp://host"])
		expect(() => splitUrl(wrong)).toThrow(/not a URL/);
});
