import { expect, it } from "vitest";
import { ForeignLoad } from "./foreign-load.ts";

it("counts what others used of all processors, and not what this process and its children did", () => {
	let seconds = 0;
	const read = (path: string) =>
		path === "/proc/stat"
			? `cpu  ${100 + 150 * seconds} 0 0 900 0 0 0 0 0 0\n`
			: `7 (a ) name) S 1 1 1 0 -1 0 0 0 0 0 ${40 * seconds} ${10 * seconds} ${40 * seconds} ${10 * seconds} 0`;
	const load = new ForeignLoad(read, () => 1000 * seconds);
	seconds = 10;
	// 1.5 processors are busy, 1 of them with our own work.
	expect(load.share(2)).toBeCloseTo(0.25, 6);
});

it("knows nothing where there is no /proc", () => {
	expect(new ForeignLoad(() => "").share()).toBeNull();
});
