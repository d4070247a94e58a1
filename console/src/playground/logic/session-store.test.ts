import { describe, expect, test } from "vitest";
import {
	type PlaygroundSession,
	readSessionFile,
	toSessionFile,
} from "./session-file.ts";
import {
	MemoryDrive,
	SessionStore,
	StorageFullError,
} from "./session-store.ts";

const session = (id: string, query = "q"): PlaygroundSession<"reranking"> => ({
	id,
	panel: "reranking",
	title: `Session ${id}`,
	updatedAt: Number(id),
	content: { model: "r", query, passages: "" },
});

describe("sessions", () => {
	test("are kept, listed newest first, renamed and deleted", async () => {
		const store = new SessionStore(new MemoryDrive());
		await store.save(session("1"));
		await store.save(session("2"));
		await store.rename("1", "First");
		expect((await store.list()).map(({ title }) => title)).toEqual([
			"Session 2",
			"First",
		]);
		expect((await store.read("1", "reranking"))?.content.query).toBe("q");
		await store.remove("1");
		expect(await store.read("1", "reranking")).toBeNull();
	});

	test("beyond the bound are refused, and none is lost", async () => {
		const store = new SessionStore(new MemoryDrive(), { bytes: 400 });
		await store.save(session("1"));
		await expect(store.save(session("2", "x".repeat(500)))).rejects.toThrow(
			StorageFullError,
		);
		expect(await store.list()).toHaveLength(1);
		// The same one, changed, takes its own room.
		await store.save(session("1", "x".repeat(200)));
	});

	test("are bounded in number", async () => {
		const store = new SessionStore(new MemoryDrive(), { sessions: 1 });
		await store.save(session("1"));
		await expect(store.save(session("2"))).rejects.toThrow("delete some");
	});

	test("deleted while they are being saved, stay deleted", async () => {
		const store = new SessionStore(new MemoryDrive());
		const saving = store.save(session("1"));
		await Promise.all([saving, store.remove("1")]);
		expect(await store.list()).toEqual([]);
	});

	test("a browser that is full says what to do", async () => {
		const drive = new MemoryDrive();
		drive.write = () =>
			Promise.reject(new DOMException("full", "QuotaExceededError"));
		await expect(new SessionStore(drive).save(session("1"))).rejects.toThrow(
			/no room left.*export/,
		);
	});

	test("what was kept broken is read as empty", async () => {
		const drive = new MemoryDrive();
		await drive.write({
			id: "1",
			panel: "chat",
			title: "",
			updatedAt: 0,
			text: "{",
		});
		const read = await new SessionStore(drive).read("1", "chat");
		expect(read?.content.conversation.turns).toEqual({});
	});
});

describe("a session's file", () => {
	test("is read as it was written", () => {
		const original = session("1", "why");
		expect(readSessionFile(toSessionFile(original))).toMatchObject({
			panel: "reranking",
			title: "Session 1",
			content: original.content,
		});
	});

	test("of another kind says why it can't be opened", () => {
		expect(readSessionFile("hello")).toContain("no JSON");
		expect(readSessionFile("[]")).toContain("no session");
		expect(
			readSessionFile('{"format":"galley-playground","version":9}'),
		).toContain("version 9");
	});

	test("brings no pictures from elsewhere, and no answers still on their way", () => {
		const opened = readSessionFile(
			JSON.stringify({
				format: "galley-playground",
				version: 1,
				panel: "chat",
				content: {
					conversation: {
						turns: {
							u: {
								parent: null,
								message: {
									role: "user",
									text: "x",
									images: [
										"https://evil.example/pixel.png",
										"data:image/svg+xml;base64,AAAA",
										"data:image/png;base64,AAAA",
									],
								},
							},
							a: {
								parent: "u",
								message: { role: "assistant", answer: { state: "streaming" } },
							},
							z: { parent: null, message: { role: "root", text: "?" } },
						},
						chosen: { root: "u", u: "a", a: "u" },
					},
				},
			}),
		);
		if (typeof opened === "string" || !("conversation" in opened.content))
			throw new Error("not opened");
		const { turns, chosen } = opened.content.conversation;
		expect(turns.u?.message).toMatchObject({
			images: ["data:image/png;base64,AAAA"],
		});
		expect(turns.a?.message).toMatchObject({ answer: { state: "stopped" } });
		expect(Object.keys(turns)).toEqual(["u", "a"]);
		expect(chosen).toEqual({ root: "u", u: "a" });
	});
});
