import { expect, test } from "vitest";
import { groupFiles, languageOf } from "./source-files.ts";

const file = (path: string) => ({ path, bytes: 1 });

test("files stand with their folder, those of the application's own folder first", () => {
	const groups = groupFiles(
		[
			"README.md",
			"public/index.html",
			"src/api/routes.ts",
			"src/main.ts",
			"package.json",
		].map(file),
		"chatbot",
	);
	expect(
		groups.map(({ folder, files }) => [
			folder,
			files.map(({ shortName }) => shortName),
		]),
	).toEqual([
		["chatbot", ["README.md", "package.json"]],
		["public", ["index.html"]],
		["src", ["main.ts"]],
		["src/api", ["routes.ts"]],
	]);
});

test("code is coloured, prose stays plain", () => {
	expect(languageOf("src/main.ts")).toBe("javascript");
	expect(languageOf("README.md")).toBe("text");
	expect(languageOf("LICENSE")).toBe("text");
});
