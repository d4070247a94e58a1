import { expect, it } from "vitest";
import { formatBytes, formatParameters } from "./byte-format.ts";

it("writes bytes with three significant digits", () => {
	expect(
		[
			0,
			1023,
			1024,
			6_417_408,
			104_857_600,
			1_073_741_300,
			21_458_489_344,
			2 ** 60,
		].map(formatBytes),
	).toEqual([
		"0 bytes",
		"1023 bytes",
		"1.00 KiB",
		"6.12 MiB",
		"100 MiB",
		"1.00 GiB",
		"20.0 GiB",
		"1024 PiB",
	]);
});

it("writes parameters as models' names do", () => {
	expect(
		[500, 6_032_128, 134_515_008, 494_032_768, 999_900_000, 7_615_616_512].map(
			formatParameters,
		),
	).toEqual(["0.5K", "6.0M", "135M", "494M", "1.0B", "7.6B"]);
});
