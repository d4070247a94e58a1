import { expect, test } from "vitest";
import { redactSecrets } from "./redaction.ts";

test("keys and passwords are taken out wherever they stand", () => {
	const cases: Record<string, string> = {
		"Authorization: Bearer abc.def-123": "Authorization: Bearer [redacted]",
		'{"authorization":"Basic dXNlcjpwYXNz"}':
			'{"authorization":"Basic [redacted]"}',
		"sent key sk-abcdef1234567890 to peer": "sent key [redacted] to peer",
		"HF_TOKEN=hf_abcdefghijkl": "HF_TOKEN=[redacted]",
		"nvapi-ABCdef_12345678 refused": "[redacted] refused",
		"GET https://u:p4ss@host/a?token=abc&x=1":
			"GET https://[redacted]@host/a?token=[redacted]&x=1",
		"https://h/f?X-Amz-Signature=00ff&y=2":
			"https://h/f?X-Amz-Signature=[redacted]&y=2",
		"x-api-key: 0123": "x-api-key: [redacted]",
		'api_key = "secret value"': 'api_key = "[redacted] value"',
		"postgres://galley:hunter2@db:5432/galley":
			"postgres://[redacted]@db:5432/galley",
	};
	for (const [text, expected] of Object.entries(cases))
		expect(redactSecrets(text)).toBe(expected);
});

test("ordinary messages stay as they are", () => {
	const messages = [
		"listening on http://127.0.0.1:8000",
		"model org/name:Q8_0 loaded in 3 s, 4096 tokens of context",
		"unexpected token: '}'",
		"30 tokens: ok",
		"key missing",
		"authorization failed",
	];
	for (const message of messages) expect(redactSecrets(message)).toBe(message);
});

test("no text makes it look at every part of the rest from every place", () => {
	// Linear work is done in milliseconds here; quadratic work would not end.
	const texts = ["a-", "a.", "a", " ", "://", "token=", "Bearer ", "api", "="];
	for (const text of texts) {
		const long = `${text.repeat(200_000)}:=`;
		expect(redactSecrets(long)).toMatch(/./);
	}
});
