import { expect, it } from "vitest";
import { dataDirectory } from "./data-directory.ts";

it("is where the variable says, else where the system keeps data", () => {
	expect(dataDirectory({ GALLEY_DATA_DIR: "/data" }, "linux", "/home/a")).toBe(
		"/data",
	);
	expect(dataDirectory({ GALLEY_DATA_DIR: " " }, "linux", "/home/a")).toBe(
		"/home/a/.local/share/galley",
	);
	expect(dataDirectory({ XDG_DATA_HOME: "/xdg" }, "linux", "/home/a")).toBe(
		"/xdg/galley",
	);
	expect(dataDirectory({ XDG_DATA_HOME: "relative" }, "linux", "/home/a")).toBe(
		"/home/a/.local/share/galley",
	);
	expect(dataDirectory({}, "darwin", "/Users/a")).toBe(
		"/Users/a/Library/Application Support/galley",
	);
	expect(dataDirectory({ LOCALAPPDATA: "/local" }, "win32", "/a")).toMatch(
		/local.galley$/,
	);
});
