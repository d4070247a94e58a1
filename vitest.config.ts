import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: [
			"src/**/*.test.ts",
			"test/**/*.test.ts",
			"bench/**/*.test.ts",
			"examples/**/*.test.ts",
		],
		exclude: ["bench/cache/**", "node_modules/**", "dist/**"],
		testTimeout: 30_000,
		// Two cores: more workers only make the native engines fight for them.
		maxWorkers: 2,
	},
});
