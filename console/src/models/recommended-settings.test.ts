import { expect, test } from "vitest";
import { recommendedSettings } from "./recommended-settings.ts";

test("recommended settings take the API's names; words about them are no settings", () => {
	expect(
		recommendedSettings({
			settings: { temperature: 0.7, topP: 0.9, minP: 0, note: "for chat" },
		}),
	).toEqual({ temperature: 0.7, top_p: 0.9, min_p: 0 });
	expect(recommendedSettings({ settings: "unknown" })).toEqual({});
});
