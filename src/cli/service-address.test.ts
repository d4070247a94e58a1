import { expect, it } from "vitest";
import { isServiceUrl, parseServiceAddress } from "./service-address.ts";

it("takes addresses as people write them", () => {
	const base = (text: string) => parseServiceAddress(text).baseUrl;
	expect(base("http://localhost:8000")).toBe("http://localhost:8000");
	expect(base("http://localhost:8000/v1/")).toBe("http://localhost:8000");
	expect(base("localhost:8000")).toBe("http://localhost:8000");
	expect(base("https://example.org/models/v1")).toBe(
		"https://example.org/models",
	);
});

it("takes Unix sockets", () => {
	expect(parseServiceAddress("unix:/run/g.sock")).toEqual({
		baseUrl: "http://localhost",
		socketPath: "/run/g.sock",
	});
	expect(parseServiceAddress("unix:///run/g.sock").socketPath).toBe(
		"/run/g.sock",
	);
});

it("refuses what is no address", () => {
	for (const text of ["", "ftp://x", "http://", "a b"])
		expect(() => parseServiceAddress(text)).toThrow(
			"is no address of a service",
		);
});

it("tells services from models", () => {
	expect(isServiceUrl("http://x")).toBe(true);
	expect(isServiceUrl("unix:/x")).toBe(true);
	for (const model of ["starter-chat", "./m.gguf", "fake:", "hf://a/b"])
		expect(isServiceUrl(model)).toBe(false);
});
