import { expect, test } from "vitest";
import { reasoningParserNames } from "../text/reasoning/reasoning-styles.ts";
import { toolCallParserNames } from "../text/tool-calls/tool-call-families.ts";
import { reasoningParsers, toolCallParsers } from "./output-parsers.ts";

test("flags know the parsers that there are", () => {
	expect([...toolCallParsers]).toEqual([...toolCallParserNames]);
	expect([...reasoningParsers]).toEqual([...reasoningParserNames]);
});
