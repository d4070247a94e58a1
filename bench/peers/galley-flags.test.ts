import { expect, test } from "vitest";
import { GalleyFlags } from "./galley-flags.ts";

const help = `Model:
  --kv-layout <layout>                 KV cache: unified or streams; see
                                       --speculation-like flags
  -h, --help                           show help
`;

test("a flag that the build knows comes with its value, another one is left out and remembered", () => {
	const flags = new GalleyFlags(help);
	expect(flags.take("--kv-layout", "unified")).toEqual([
		"--kv-layout",
		"unified",
	]);
	expect(flags.missing).toEqual([]);
	expect(flags.take("--kv-cache-tokens", 1280)).toEqual([]);
	expect(flags.take("--kv-cache-tokens", 640)).toEqual([]);
	expect(flags.missing).toEqual(["--kv-cache-tokens"]);
});
