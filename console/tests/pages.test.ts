import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	BrowserSetting,
	keepPicture,
	noBrowser,
	type Size,
	seriousFindings,
	sizes,
} from "./browser-setting.ts";

interface Walk {
	name: string;
	path: string;
	/** The page's heading. */
	heading: RegExp;
	/** What is there once its figures are. */
	text: RegExp;
	/** A tab to open first. */
	tab?: string;
}

const walks: readonly Walk[] = [
	{ name: "home", path: "/", heading: /Welcome aboard/, text: /Running here/ },
	{
		name: "catalog",
		path: "/catalog",
		heading: /Catalog/,
		text: /Starter Chat/,
	},
	{
		name: "compare",
		path: "/catalog/compare?ids=starter-chat~starter-embed",
		heading: /Compare/,
		text: /Intended use/,
	},
	{
		name: "model",
		path: "/models/sextant-1-7.6b-2",
		heading: /Sextant/,
		text: /./,
	},
	{
		name: "model-machine",
		path: "/models/starter-chat",
		heading: /Starter Chat/,
		text: /llama-q8_0-cpu/,
		tab: "Runs here?",
	},
	{
		name: "model-code",
		path: "/models/starter-chat",
		heading: /Starter Chat/,
		text: /chat\/completions/,
		tab: "API",
	},
	{
		name: "model-metrics",
		path: "/models/starter-chat",
		heading: /Starter Chat/,
		text: /Benchmarks on this machine/,
		tab: "Metrics",
	},
	{ name: "playground", path: "/playground", heading: /./, text: /./ },
	{ name: "fleet", path: "/fleet", heading: /Fleet/, text: /harbour-1-7.6b/ },
	{
		name: "service",
		path: "/fleet/starter-chat",
		heading: /starter-chat/,
		text: /Sequences in flight/,
	},
	{
		name: "service-replicas",
		path: "/fleet/starter-chat",
		heading: /starter-chat/,
		text: /starter-chat\/2/,
		tab: "Replicas",
	},
	{
		name: "service-logs",
		path: "/fleet/starter-chat",
		heading: /starter-chat/,
		text: /a client left/,
		tab: "Logs",
	},
	{
		name: "service-autoscale",
		path: "/fleet/starter-chat",
		heading: /starter-chat/,
		text: /Decisions/,
		tab: "Autoscaling",
	},
	{
		name: "benchmarks",
		path: "/benchmarks",
		heading: /Benchmarks/,
		text: /harbour-1-7.6b/,
	},
	{
		name: "benchmark",
		path: "/benchmarks/bench-3",
		heading: /starter-chat/,
		text: /Throughput against latency/,
	},
	{
		name: "evaluations",
		path: "/evaluations",
		heading: /Evaluations/,
		text: /starter-chat/,
	},
	{
		name: "evaluation",
		path: "/evaluations/eval-1",
		heading: /starter-chat/,
		text: /capital of/,
	},
	{
		name: "optimizations",
		path: "/optimizations",
		heading: /Optimize/,
		text: /1\.33 ×/,
	},
	{
		name: "optimization",
		path: "/optimizations/optimize-2",
		heading: /starter-chat/,
		text: /Best found/,
	},
	{ name: "keys", path: "/keys", heading: /Keys/, text: /rag-chatbot/ },
	{ name: "usage", path: "/usage", heading: /Usage/, text: /Tokens over time/ },
	{
		name: "blueprints",
		path: "/blueprints",
		heading: /Blueprints/,
		text: /RAG chatbot/,
	},
	{
		name: "nowhere",
		path: "/nowhere",
		heading: /Page not found/,
		text: /nothing at this address/,
	},
];

const title =
	noBrowser === null ? "every page" : `every page (skipped: ${noBrowser})`;

describe.skipIf(noBrowser !== null)(title, () => {
	let setting: BrowserSetting;
	let gateway: Awaited<ReturnType<BrowserSetting["gateway"]>>;
	beforeAll(async () => {
		setting = await BrowserSetting.open();
		gateway = await setting.gateway();
	});
	afterAll(async () => {
		await gateway?.close();
		await setting?.close();
	});

	const cases = (Object.keys(sizes) as Size[]).flatMap((size) =>
		walks.map((walk) => ({ size, ...walk })),
	);
	it.each(cases)(
		"$name on a $size has no serious accessibility finding",
		async ({ size, name, path, heading, text, tab }) => {
			// Phones in light, so that both schemes are looked at.
			const { page, complaints, close } = await gateway.visit(
				path,
				size,
				size === "phone" ? "light" : "dark",
			);
			try {
				await page.getByRole("heading", { level: 1, name: heading }).waitFor();
				if (tab !== undefined)
					await page.getByRole("tab", { name: tab, exact: true }).click();
				await page.locator("main").getByText(text).first().waitFor();
				await page.waitForTimeout(
					name === "service" || name === "fleet" ? 2500 : 400,
				);
				await keepPicture(page, `${size}-${name}`);
				expect(await seriousFindings(page)).toEqual([]);
				expect(complaints).toEqual([]);
				const overflow = await page.evaluate(
					() =>
						document.documentElement.scrollWidth -
						document.documentElement.clientWidth,
				);
				expect(
					overflow,
					"nothing makes the page wider than the screen",
				).toBeLessThanOrEqual(0);
			} finally {
				await close();
			}
		},
	);
});
