import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readFleetFile } from "./fleet-file.ts";

const problemsOf = (text: string) =>
	readFleetFile(text).problems.map(
		({ line, message }) => `${line}: ${message}`,
	);

describe("a fleet file", () => {
	test("names services, upstreams and aliases; what it leaves out has defaults", () => {
		const { fleet } = readFleetFile(`
services:
  - name: starter-chat
    options: { maxNumSeqs: 8, lora: ["json=adapters/json"] }
  - name: embed
    model: starter-embed
    start: on-demand
upstreams:
  - name: hosted
    url: https://api.example.com/v1
    apiKeyEnv: HOSTED_KEY
    models: [big-model]
aliases:
  default: starter-chat
  sure: { fallback: [big-model, starter-chat] }
  mixed: { split: { starter-chat: 9, big-model: 1 } }
  structured: json
`);
		expect(fleet).toMatchObject({
			gateway: { host: "127.0.0.1", port: 8000 },
			services: [
				{ name: "starter-chat", replicas: 1, start: "always" },
				{ name: "embed", model: "starter-embed", start: "on-demand" },
			],
			aliases: { default: "starter-chat" },
		});
	});

	test("fleet.example.yaml is right as it is, and with all that is commented out", async () => {
		const path = new URL("../../../fleet.example.yaml", import.meta.url);
		const text = await readFile(path, "utf8");
		expect(readFleetFile(text).problems).toEqual([]);
		const key = /^( *)# ( *(?:- )?[A-Za-z/.0-9-]+: *(?:["#\w[{./%$-].*)?)$/;
		const isAlternative = /^ *# or, /;
		const uncommented = text
			.split("\n")
			.map((line) =>
				isAlternative.test(line) ? line : line.replace(key, "$1$2"),
			)
			.join("\n");
		expect(uncommented).toContain("\n    engine: openai");
		const { fleet, problems } = readFleetFile(uncommented);
		expect(problems).toEqual([]);
		expect(fleet?.services.map(({ name }) => name)).toContain("hosted-llama");
		expect(fleet?.upstreams).toHaveLength(1);
		expect(Object.keys(fleet?.tenants ?? {})).toEqual(["acme"]);
	});

	test("an empty file is an empty fleet", () => {
		expect(readFleetFile("").fleet).toMatchObject({ services: [] });
	});

	test("tells all that is wrong at once, with lines and what was meant", () => {
		expect(
			problemsOf(`gateway:
  prot: 8000
services:
  - name: a
    replicas: 0
    modle: x
upstreams:
  - name: b
    url: not a url
    models: []
`),
		).toEqual([
			'2: "prot" is not known. Did you mean "port"?',
			'5: "replicas" is at least 1.',
			'6: "modle" is not known. Did you mean "model"?',
			'9: "url" is an address such as http://127.0.0.1:8000/v1.',
			'10: "models" has at least 1 in its list.',
		]);
	});

	test("names are taken once, targets exist, aliases lead somewhere", () => {
		expect(
			problemsOf(`services:
  - name: chat
  - name: chat
upstreams:
  - { name: u, url: "https://u.example", models: [chat] }
aliases:
  one: two
  two: { fallback: [one, chat] }
  three: chta
`),
		).toEqual([
			'3: "chat" is taken: it is the name of service 1.',
			'5: "chat" is taken: it is the name of service 1.',
			'7: The alias "one" leads back to itself.',
			'8: The alias "two" leads back to itself.',
			'9: "chta" is no service, model of an upstream, or alias. Did you mean "chat"?',
		]);
	});

	test("what is no YAML is told by its line", () => {
		expect(problemsOf("services:\n  - name: [a")[0]).toMatch(/^2: /);
	});
});
