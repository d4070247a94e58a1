import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findFormModel } from "./find-form-model.ts";
import { modelOf, renameModel } from "./find-model.ts";

const boundary = "----x17";
const type = `multipart/form-data; boundary=${boundary}`;

type Part = readonly [headers: string, content: Buffer | string];

function form(...parts: readonly Part[]): Buffer {
	return Buffer.concat([
		...parts.flatMap(([headers, content]) => [
			Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`),
			Buffer.from(content),
			Buffer.from("\r\n"),
		]),
		Buffer.from(`--${boundary}--\r\n`),
	]);
}

const field = (name: string, value: string): Part => [
	`Content-Disposition: form-data; name="${name}"`,
	value,
];
const file: Part = [
	'Content-Disposition: form-data; name="file"; filename="model"\r\nContent-Type: audio/wav',
	Buffer.from([0, 13, 10, 45, 45, 255, 13, 10, 13, 10]),
];

describe("the model of a form", () => {
	test("is the text of its field, before or behind the file", () => {
		expect(findFormModel(form(field("model", "ear"), file), type)?.name).toBe(
			"ear",
		);
		expect(findFormModel(form(file, field("model", "ear")), type)?.name).toBe(
			"ear",
		);
		const quoted = `multipart/form-data; charset=utf-8; boundary="${boundary}"`;
		expect(findFormModel(form(field("model", "é/1")), quoted)?.name).toBe(
			"é/1",
		);
	});

	test("is none where there is none", () => {
		expect(findFormModel(form(file, field("models", "a")), type)).toBeNull();
		expect(findFormModel(form(), type)).toBeNull();
		expect(findFormModel(Buffer.from("model=a"), type)).toBeNull();
		expect(
			findFormModel(form(field("model", "a")), "multipart/form-data"),
		).toBeNull();
		expect(
			findFormModel(form(field("model", "a")).subarray(0, 70), type),
		).toBeNull();
	});

	test("property: renaming it changes nothing else", () => {
		const word = fc.stringMatching(/^[a-z0-9/:.]{1,20}$/);
		fc.assert(
			fc.property(word, word, fc.uint8Array(), (before, after, bytes) => {
				const around = (name: string) =>
					form(
						["Content-Disposition: form-data; name=x", Buffer.from(bytes)],
						field("model", name),
						field("language", "en"),
					);
				const body = around(before);
				const named = modelOf(body, type);
				expect(named?.name).toBe(before);
				if (named === null) return;
				expect(renameModel(body, named, after)).toEqual(around(after));
			}),
		);
	});

	test("property: bytes that are no form break nothing", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
				const start = Buffer.from(`--${boundary}\r\n`);
				findFormModel(Buffer.concat([start, Buffer.from(bytes)]), type);
			}),
		);
	});
});
