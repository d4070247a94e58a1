/**
 * `npm run bench -- console-smoothness [--seconds N] [--slower N] [--console DIRECTORY] [--out DIRECTORY]`
 * Tasks of the browser's main thread over 50 ms while the built console is used: 1,000 catalog entries, 100 live sequences.
 * An empty page beside them tells what this machine does to a page by itself; `--slower 4` computes the pages as on a processor of a quarter of the speed.
 * The pages are the real build's; the figures they show are made up (console/dev), so that there are as many as are asked for.
 */
import { existsSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";

const entries = 1000;
const sequences = 100;

const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "15" },
		/** The browser's own brake on a page's main thread. */
		slower: { type: "string", default: "1" },
		out: {
			type: "string",
			default: fileURLToPath(new URL("../results", import.meta.url)),
		},
		/** A built console; `npm run build` of the console makes this one. */
		console: {
			type: "string",
			default: fileURLToPath(new URL("../../dist/console", import.meta.url)),
		},
	},
});
const seconds = Number(values.seconds);
const slower = Number(values.slower);

// In the page as text: it is the browser's code, not this program's.
const observe = `
	window.longTasks = [];
	new PerformanceObserver((list) => {
		for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
	}).observe({ type: "longtask", buffered: true });
	window.frames = [];
	let before = performance.now();
	const frame = (now) => { window.frames.push(now - before); before = now; requestAnimationFrame(frame); };
	requestAnimationFrame(frame);
`;

async function type(page: Page): Promise<void> {
	const field = page.getByRole("searchbox", { name: "Search models" });
	for (const word of ["sextant", "chat code", "embedding"]) {
		await field.fill("");
		await field.pressSequentially(word, { delay: 90 });
		// Its answer is on the page.
		await page.getByText("1,000 models").waitFor({ state: "hidden" });
	}
	await field.fill("");
	await page.getByText("1,000 models").waitFor();
}

async function sort(page: Page): Promise<void> {
	const select = page.getByLabel("Sort by");
	const orders = await select.locator("option").count();
	for (let index = 0; index < orders; index++) {
		await select.selectOption({ index });
		await page.waitForTimeout(500);
	}
}

async function scroll(page: Page): Promise<void> {
	await page.mouse.move(640, 500);
	for (let step = 0; step < 50; step++) {
		await page.mouse.wheel(0, step < 40 ? 800 : -1200);
		await page.waitForTimeout(60);
	}
}

const steps: readonly {
	name: string;
	/** Of the console; null is a page with nothing on it. */
	path: string | null;
	ready: string;
	act(page: Page): Promise<void>;
}[] = [
	{
		name: "an empty page",
		path: null,
		ready: "Nothing",
		act: (page) => page.waitForTimeout(seconds * 1000),
	},
	{
		name: "catalog: typing",
		path: "/catalog",
		ready: "1,000 models",
		act: type,
	},
	{
		name: "catalog: sorting",
		path: "/catalog",
		ready: "1,000 models",
		act: sort,
	},
	{
		name: "catalog: scrolling",
		path: "/catalog",
		ready: "1,000 models",
		act: scroll,
	},
	{
		name: "fleet: watching",
		path: "/fleet",
		ready: "Services ready",
		act: (page) => page.waitForTimeout(seconds * 1000),
	},
	{
		name: "service: watching its sequences",
		path: "/fleet/starter-chat",
		ready: "Running · waiting",
		act: (page) => page.waitForTimeout(seconds * 1000),
	},
	{
		name: "service: scrolling",
		path: "/fleet/starter-chat",
		ready: "Running · waiting",
		act: scroll,
	},
];

interface Trace {
	tasks: { startTime: number; duration: number }[];
	frames: number[];
}

// By its address: it is checked with the console, whose types are a browser's.
const stand = new URL("../../console/dev/mock-gateway.ts", import.meta.url);
const { createMockGateway } = (await import(stand.href)) as {
	createMockGateway(options: {
		directory: string;
		entries: number;
		sequences: number;
	}): Server;
};
const server = createMockGateway({
	directory: values.console,
	entries,
	// Of each of its two replicas.
	sequences: sequences / 2,
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const executablePath =
	process.env.GALLEY_CHROMIUM ??
	["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) =>
		existsSync(path),
	) ??
	"";
const environment = describeEnvironment();
const browser = await chromium.launch({
	executablePath,
	args: ["--no-sandbox", "--disable-gpu"],
});
const version = browser.version();
const rows: string[][] = [];
const traces: Record<string, Trace & { sequences: string }> = {};
try {
	for (const { name, path, ready, act } of steps) {
		const page = await browser.newPage({
			viewport: { width: 1280, height: 800 },
		});
		if (path === null) await page.setContent("<p>Nothing</p>");
		else await page.goto(address + path);
		await page.getByText(ready).first().waitFor();
		// What the first drawing costs is not this measurement's.
		await page.waitForTimeout(2500);
		await page.evaluate(observe);
		if (slower > 1) {
			const session = await page.context().newCDPSession(page);
			await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
		}
		// Buffered tasks are those of the loading.
		await page.waitForTimeout(200);
		const from = await page.evaluate<number>(
			"(window.frames.length = 0, window.longTasks.length = 0, performance.now())",
		);
		await act(page);
		await page.waitForTimeout(300);
		const trace = await page.evaluate<Trace>(
			`({ tasks: window.longTasks.filter(({ startTime }) => startTime >= ${from}), frames: window.frames })`,
		);
		const live = page.getByRole("img", { name: /^Sequences of the last/ });
		const shown =
			(await live.count()) === 0
				? ""
				: ((await live.first().getAttribute("aria-label")) ?? "");
		traces[name] = { ...trace, sequences: shown };
		const durations = trace.tasks.map(({ duration }) => duration);
		const frames = trace.frames.toSorted((one, other) => one - other);
		const frame = (share: number) =>
			(frames[Math.floor(share * (frames.length - 1))] ?? 0).toFixed(0);
		rows.push([
			name,
			String(durations.length),
			durations.length === 0 ? "–" : Math.max(...durations).toFixed(0),
			durations.reduce((sum, one) => sum + one, 0).toFixed(0),
			frame(0.5),
			frame(0.99),
			frame(1),
		]);
		console.log(rows.at(-1)?.join("  "), shown);
		await page.close();
	}
} finally {
	await browser.close();
	server.closeAllConnections();
	server.close();
}

writeResult(
	values.out,
	{
		suite:
			slower > 1
				? `console-smoothness-${slower}x-slower`
				: "console-smoothness",
		title: "The console with 1,000 models and 100 live sequences",
		environment,
	},
	{
		conditions: [
			`${executablePath} ${version}, no GPU, 1280x800; the gateway's stand-in (${entries} catalog entries, ${sequences} sequences) runs beside it on the same cores`,
			"a long task is one of the main thread over 50 ms (PerformanceObserver); counted from 2.5 s after the page is there",
			...(slower > 1
				? [`pages computed ${slower} times slower (Chromium's CPU throttling)`]
				: []),
		],
		tables: [
			{
				title: "Long tasks, and the time between frames",
				head: [
					"",
					"tasks over 50 ms",
					"longest ms",
					"together ms",
					"frame p50 ms",
					"frame p99 ms",
					"longest frame ms",
				],
				rows,
			},
		],
		notes: [],
		data: Object.fromEntries(
			Object.entries(traces).map(([name, { tasks, sequences: shown }]) => [
				name,
				{ tasks, sequences: shown },
			]),
		),
	},
);
