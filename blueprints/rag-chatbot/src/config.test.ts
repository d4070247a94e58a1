import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

test("nothing set is a server for this machine alone", () => {
	const config = readConfig({ RAG_API_KEYS: "" });
	expect(config).toMatchObject({ host: "127.0.0.1", port: 8010 });
	expect(config.apiKeys.size).toBe(0);
	expect(config.chat?.model).toBe("starter-chat");
});

test("keys have names; services can be left out", () => {
	const config = readConfig({
		RAG_HOST: "0.0.0.0",
		RAG_API_KEYS: "alice:sesame-one, bob:sesame-two",
		CHAT_URL: "none",
		RERANK: "off",
	});
	expect([...config.apiKeys.keys()]).toEqual(["alice", "bob"]);
	expect(config.chat).toBeNull();
	expect(config.answer.rerank).toBe(false);
});

test.each([
	[{ RAG_HOST: "0.0.0.0" }, /RAG_API_KEYS/],
	[{ RAG_API_KEYS: "alice" }, /name:key/],
	[{ RAG_API_KEYS: "alice:sesame-one bob:sesame-one" }, /twice/],
	[{ RAG_PORT: "web" }, /RAG_PORT/],
	[{ ANSWER: "guess" }, /ANSWER/],
	[{ EMBEDDING_URL: "ftp://x" }, /EMBEDDING_URL/],
])("%j is refused", (environment, message) => {
	expect(() => readConfig(environment)).toThrow(message);
});
