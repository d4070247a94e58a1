import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentMap } from "./recent-map.ts";

test("property: the last half used is there, with its last value, and there are never more than all", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 2, max: 20 }),
			fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 300 }),
			(max, uses) => {
				const map = new RecentMap<number, number>(max);
				const order = new Map<number, number>();
				for (const [index, [isSet, key]] of uses.entries()) {
					if (isSet) map.set(key, index);
					else if (map.get(key) === undefined) continue;
					const value = isSet ? index : (order.get(key) as number);
					order.delete(key);
					order.set(key, value);
					expect([...map.values()].length).toBeLessThanOrEqual(max);
				}
				const kept = Math.max(0, Math.floor(max / 2) - 1);
				const last = [...order].slice(kept === 0 ? order.size : -kept);
				const found = [...map.values()];
				for (const [, value] of last) expect(found).toContain(value);
			},
		),
	);
});
