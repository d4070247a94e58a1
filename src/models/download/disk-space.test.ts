import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import {
	checkDiskSpace,
	diskFreeSpace,
	explainWriteError,
} from "./disk-space.ts";

const gibibyte = 1024 ** 3;

describe("checkDiskSpace", () => {
	it("tells what is needed, what is there, and what is missing", async () => {
		const check = checkDiskSpace(
			"/models",
			4 * gibibyte,
			"the model",
			async () => gibibyte,
		);
		await expect(check).rejects.toMatchObject({
			code: "insufficient_storage",
			message: expect.stringMatching(
				/the model: it needs 4\.00 GiB more .*"\/models" has 1\.00 GiB; 3\.06 GiB are missing/,
			),
		});
	});

	it("lets through what fits, what needs nothing, and what nobody can tell", async () => {
		await checkDiskSpace("/models", gibibyte, "it", async () => 2 * gibibyte);
		await checkDiskSpace("/models", 0, "it", async () => 0);
		await checkDiskSpace("/models", gibibyte, "it", async () => null);
		expect(await diskFreeSpace(tmpdir())).toBeGreaterThan(0);
	});
});

describe("explainWriteError", () => {
	it("says what a full disk means, and leaves other errors as they are", () => {
		const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
		expect(String(explainWriteError(full, "/x"))).toContain("the disk is full");
		const other = Object.assign(new Error("odd"), { code: "EIO" });
		expect(explainWriteError(other, "/x")).toBe(other);
	});
});
