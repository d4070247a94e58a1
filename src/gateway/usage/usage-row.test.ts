import fc from "fast-check";
import { expect, test } from "vitest";
import { HourTeller } from "./usage-row.ts";

test("property: an hour is that of its moment, whichever was asked for before", () => {
	const moment = fc.integer({ min: 0, max: 4 * 3_600_000 });
	fc.assert(
		fc.property(fc.array(moment), (moments) => {
			const teller = new HourTeller();
			for (const ms of moments) {
				const hour = new Date(Date.parse("2026-11-23T00:00:00.000Z") + ms);
				const told = teller.of(hour.getTime());
				hour.setUTCMinutes(0, 0, 0);
				expect(told).toBe(hour.toISOString());
			}
		}),
	);
});
