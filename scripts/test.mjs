/**
 * `npm test`: types, lint, and all tests but the browser's (`npm run test:browser`); words after `--` go to vitest. The last line reads "N passed, N failed": tests,
 * and each of the two checks that failed.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareOrExit, runTool } from "./setup.mjs";

// Types are checked below for everything; a build that fails for a type must not hide the tests' results.
await prepareOrExit({ build: false });

const checks = [
	["build", "tsc", ["-p", "tsconfig.json"]],
	["types", "tsc", ["-p", "tsconfig.checks.json"]],
	["console's types", "tsc", ["-p", "console/tsconfig.json"]],
	["lint", "biome", ["check", "."]],
];
const failedChecks = checks
	.filter(([, tool, words]) => runTool(tool, words) !== 0)
	.map(([name]) => name);

const folder = mkdtempSync(join(tmpdir(), "galley-test-"));
const resultFile = join(folder, "vitest.json");
const words = [
	"run",
	"--reporter=default",
	"--reporter=json",
	`--outputFile.json=${resultFile}`,
	...process.argv.slice(2),
];
const code = runTool("vitest", words);
const { passed, failed } = readCounts();
rmSync(folder, { recursive: true, force: true });

if (failedChecks.length > 0)
	console.log(`These checks failed: ${failedChecks.join(", ")}.`);
console.log(`${passed} passed, ${failed + failedChecks.length} failed`);
process.exit(code === 0 && failed === 0 && failedChecks.length === 0 ? 0 : 1);

function readCounts() {
	try {
		const result = JSON.parse(readFileSync(resultFile, "utf8"));
		// A file that breaks before its first test has no failed test in it.
		const brokenFiles = result.testResults.filter(
			(file) => file.status === "failed" && file.assertionResults.length === 0,
		);
		const failed = result.numFailedTests + brokenFiles.length;
		// An unhandled error fails the run and no test.
		return {
			passed: result.numPassedTests,
			failed: failed === 0 && code !== 0 ? 1 : failed,
		};
	} catch (error) {
		console.error(`vitest left no result: ${error.message}`);
		return { passed: 0, failed: 1 };
	}
}
