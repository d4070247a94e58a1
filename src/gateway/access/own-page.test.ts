import { describe, expect, test } from "vitest";
import { refuseForeignPage } from "./own-page.ts";

describe("a gateway without keys is managed", () => {
	test("by programs, and by pages that came from it", () => {
		for (const headers of [
			{ host: "127.0.0.1:8000" },
			{ host: "[::1]:8000" },
			{ host: "localhost:8000", origin: "http://localhost:8000" },
			{ host: "127.0.0.1:8000", origin: "http://127.0.0.1:8000" },
			{ host: "localhost", origin: "http://localhost:80" },
		])
			expect(() => refuseForeignPage(headers)).not.toThrow();
	});

	test("not by a page from elsewhere, nor under a name that somebody else's may be", () => {
		for (const headers of [
			{},
			{ host: "" },
			{ host: "evil.example:8000" },
			{ host: "localhost.evil.example" },
			{ host: "127.0.0.1:8000", origin: "http://evil.example" },
			{ host: "127.0.0.1:8000", origin: "http://127.0.0.1:3000" },
			{ host: "127.0.0.1:8000", origin: "null" },
			{ host: "127.0.0.1:8000", origin: "file://" },
			{ host: "127.0.0.1:8000", origin: "garbage" },
		])
			expect(() => refuseForeignPage(headers), JSON.stringify(headers)).toThrow(
				/Without keys/,
			);
	});
});
