/**
 * Brings a fresh clone to where Galley runs: packages, the engine for this machine, and the builds of the platform, its
 * console and its sample application. Each step is skipped when it is done already, so this costs a moment when nothing
 * changed. Plain Node, no packages: it runs before any are installed. No install script of any package is run or needed.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const lowestNode = [20, 19];
const root = dirname(
	import.meta.dirname ??
		new URL(".", import.meta.url).pathname.replace(/\/$/, ""),
);

/** Engine packages of llama.cpp by platform; those of Linux x64 and arm64 come with the other packages. */
const enginePackages = {
	"linux-x64": "linux-x64",
	"linux-arm64": "linux-arm64",
	"linux-arm": "linux-armv7l",
	"linux-riscv64": "linux-riscv64",
	"darwin-arm64": "mac-arm64-metal",
	"darwin-x64": "mac-x64",
	"win32-x64": "win-x64",
	"win32-arm64": "win-arm64",
};

/** Throws an Error whose message tells what to do. */
export async function prepare({ build = true } = {}) {
	checkNode();
	installPackages();
	installEngine();
	if (!build) return;
	// Side by side: the compiler's work is one core's, and so is the console's.
	const results = await Promise.allSettled([buildPlatform(), buildConsole()]);
	const failed = results.find(({ status }) => status === "rejected");
	if (failed !== undefined) throw failed.reason;
}

/** Prints what went wrong, without a stack, and ends the process. */
export async function prepareOrExit(options) {
	try {
		await prepare(options);
	} catch (error) {
		console.error(`galley: ${error.message}`);
		process.exit(1);
	}
}

/** Runs a program of node_modules/.bin or npm in the package's folder; resolves its exit code. */
export function runTool(name, words, options = {}) {
	const { program, isWindows } = toolPath(name);
	const result = spawnSync(program, words, {
		cwd: root,
		stdio: "inherit",
		shell: isWindows,
		...options,
	});
	if (result.error !== undefined)
		throw new Error(`${name} can't be run: ${result.error.message}.`);
	return result.status ?? 1;
}

function toolPath(name) {
	const isWindows = process.platform === "win32";
	const program =
		name === "npm" ? "npm" : join(root, "node_modules", ".bin", name);
	return {
		isWindows,
		program: isWindows
			? `"${program}${name === "npm" ? "" : ".cmd"}"`
			: program,
	};
}

function checkNode() {
	const [major, minor] = process.versions.node.split(".").map(Number);
	if (
		major > lowestNode[0] ||
		(major === lowestNode[0] && minor >= lowestNode[1])
	)
		return;
	throw new Error(
		`Node ${process.versions.node} is too old; Galley needs ${lowestNode.join(".")} or newer (https://nodejs.org).`,
	);
}

function installPackages() {
	const lock = readText("package-lock.json");
	const stamp = join(root, "node_modules", ".galley-setup");
	const wanted = `${hash(lock)} ${process.platform}-${process.arch}`;
	if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
	if (!matchesLock(lock)) {
		console.error(
			"galley: installing packages (once, and when package-lock.json changes)",
		);
		const flags = [
			"--ignore-scripts",
			"--no-audit",
			"--no-fund",
			"--include=dev",
			"--include=optional",
		];
		// `ci` refuses when package.json and the lock disagree, as they do while somebody adds a package.
		if (
			runTool("npm", ["ci", ...flags]) !== 0 &&
			runTool("npm", ["install", ...flags]) !== 0
		) {
			throw new Error(
				"the packages could not be installed; npm's output above says why (is its registry reachable?).",
			);
		}
	}
	mkdirSync(dirname(stamp), { recursive: true });
	writeFileSync(stamp, wanted);
}

/** Whether what npm says it installed is what the lock asks for: then somebody ran npm, and there is nothing to do. */
function matchesLock(lock) {
	const installed = join(root, "node_modules", ".package-lock.json");
	if (!existsSync(installed)) return false;
	const found = JSON.parse(readFileSync(installed, "utf8")).packages ?? {};
	return Object.entries(JSON.parse(lock).packages ?? {}).every(
		([path, entry]) => {
			// The package itself and workspaces are no installed packages; optional ones may be for other machines.
			if (
				!path.includes("node_modules/") ||
				entry.link === true ||
				entry.optional === true
			)
				return true;
			if (entry.devOptional === true || entry.peer === true) return true;
			return (
				found[path]?.version === entry.version && existsSync(join(root, path))
			);
		},
	);
}

function installEngine() {
	const machine = `${process.platform}-${process.arch}`;
	const name = enginePackages[machine];
	if (name === undefined) {
		throw new Error(
			`there is no prebuilt engine for ${machine}; these exist: ${Object.keys(enginePackages).join(", ")}.`,
		);
	}
	if (existsSync(join(root, "node_modules", "@node-llama-cpp", name, "bins")))
		return;
	if (process.platform === "linux" && usesMusl()) {
		throw new Error(
			"this Linux uses musl (Alpine); the prebuilt engine needs glibc. Use Debian, Ubuntu, Fedora or an image of theirs, such as node:22-slim.",
		);
	}
	const versions = Object.values(
		JSON.parse(readText("package.json")).optionalDependencies,
	);
	console.error(`galley: installing the engine for ${machine}`);
	const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
	if (
		runTool("npm", [
			"install",
			...flags,
			`@node-llama-cpp/${name}@${versions[0]}`,
		]) !== 0
	) {
		throw new Error(
			`the engine package @node-llama-cpp/${name} could not be installed; npm's output above says why.`,
		);
	}
}

function usesMusl() {
	const report = process.report?.getReport();
	const { header } =
		typeof report === "string" ? JSON.parse(report) : (report ?? {});
	return header !== undefined && header.glibcVersionRuntime === undefined;
}

/**
 * The platform, and what is built with it: the first database and the sample application. Types are checked by `npm test`;
 * without that, building takes a third to a half of the time.
 */
async function buildPlatform() {
	await buildStep({
		what: "Galley",
		stamp: join(root, "dist", ".galley-build"),
		sources: [join(root, "src")],
		files: ["tsconfig.json", "package-lock.json"],
		run: () => runStep("tsc", ["-p", "tsconfig.json", "--noCheck"]),
	});
	await Promise.all([writeInitialDatabase(), buildApplication()]);
}

/** An initialised database: without it the first start of each takes eight seconds of a processor instead of two. */
async function writeInitialDatabase() {
	const { version } = JSON.parse(
		readText("node_modules/@electric-sql/pglite/package.json"),
	);
	const archive = `dist/store/embedded/pglite-${version}.tar.br`;
	if (existsSync(join(root, archive))) return;
	console.error("galley: preparing the first database");
	const script = join(root, "scripts", "write-initial-database.mjs");
	const code = await runProcess(process.execPath, [script], { cwd: root });
	// Galley makes one when it needs it.
	if (code !== 0)
		console.error(
			"galley: the first database could not be prepared; the first start will do it",
		);
}

async function buildApplication() {
	const folder = join(root, "blueprints", "rag-chatbot");
	await buildStep({
		what: "the RAG chatbot",
		stamp: join(folder, "dist", ".galley-build"),
		sources: [join(folder, "src")],
		files: [
			"blueprints/rag-chatbot/tsconfig.json",
			"blueprints/rag-chatbot/tsconfig.build.json",
			"package-lock.json",
		],
		run: () =>
			runStep("tsc", ["-p", join(folder, "tsconfig.build.json"), "--noCheck"]),
	});
}

/** The gateway works without its console: a failure here is told, and stops nothing. */
async function buildConsole() {
	const folder = join(root, "console");
	if (!existsSync(join(folder, "vite.config.ts"))) return;
	try {
		await buildStep({
			what: "the console",
			stamp: join(root, "dist", "console", ".galley-build"),
			sources: [join(folder, "src"), join(folder, "public")],
			files: [
				"console/index.html",
				"console/vite.config.ts",
				"console/package.json",
				"package-lock.json",
			],
			run: () => runStep("vite", ["build", "--logLevel=warn"], { cwd: folder }),
		});
	} catch (error) {
		console.error(
			`galley: ${error.message} The gateway runs without its console.`,
		);
	}
}

/** Runs a build when what it reads has changed since it last ran through. */
async function buildStep({ what, stamp, sources, files, run }) {
	const digest = createHash("sha256");
	for (const file of [
		...sources.flatMap(listFiles),
		...files.map((name) => join(root, name)),
	]) {
		if (/\.test\.tsx?$/.test(file) || !existsSync(file)) continue;
		digest
			.update(file.slice(root.length))
			.update("\0")
			.update(readFileSync(file))
			.update("\0");
	}
	const wanted = digest.digest("hex");
	if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
	console.error(`galley: building ${what}`);
	const begun = performance.now();
	if ((await run()) !== 0)
		throw new Error(`${what} could not be built; the output above says why.`);
	mkdirSync(dirname(stamp), { recursive: true });
	writeFileSync(stamp, wanted);
	const seconds = ((performance.now() - begun) / 1000).toFixed(1);
	console.error(`galley: built ${what} in ${seconds} s`);
}

/** As `runTool`, while something else runs too. */
function runStep(name, words, options = {}) {
	const { program, isWindows } = toolPath(name);
	return runProcess(program, words, {
		cwd: root,
		shell: isWindows,
		...options,
	});
}

function runProcess(program, words, options) {
	return new Promise((resolve, reject) => {
		// Standard output is the caller's: `npm start` may be asked for something that a machine reads.
		const child = spawn(program, words, {
			stdio: ["ignore", 2, 2],
			...options,
		});
		child.once("error", (error) =>
			reject(new Error(`${program} can't be run: ${error.message}.`)),
		);
		child.once("exit", (code) => resolve(code ?? 1));
	});
}

function listFiles(folder) {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath ?? entry.path, entry.name))
		.sort();
}

function readText(name) {
	return readFileSync(join(root, name), "utf8");
}

function hash(text) {
	return createHash("sha256").update(text).digest("hex");
}

if (
	process.argv[1] !== undefined &&
	import.meta.url === pathToFileURL(process.argv[1]).href
)
	await prepareOrExit();
