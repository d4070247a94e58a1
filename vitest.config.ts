import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: [
			"src/**/*.test.ts",
			"test/**/*.test.ts",
			"bench/**/*.test.ts",
			"examples/**/*.test.ts",
			"blueprints/*/src/**/*.test.ts",
			"console/src/**/*.test.ts",
		],
		exclude: ["bench/cache/**", "node_modules/**", "dist/**"],
		// The blueprints import the package by its name; tests run on its source.
		alias: {
			"galley/store": new URL("./src/store/index.ts", import.meta.url).pathname,
		},
		setupFiles: ["test/setup/property-seed.ts"],
		testTimeout: 30_000,
		// Real processes on a machine that is busy with others: a test that needs its second try passes, and is reported so.
		retry: 1,
		// Hooks start and end fleets and databases: seconds on a busy machine, without anything being wrong.
		hookTimeout: 60_000,
		// Two cores: more workers only make the native engines fight for them.
		maxWorkers: 2,
	},
});
