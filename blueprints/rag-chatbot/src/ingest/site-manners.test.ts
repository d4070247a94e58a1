import { describe, expect, test } from "vitest";
import { PageError } from "./page-error.ts";
import { defaultManners, SiteManners } from "./site-manners.ts";

const robots = `User-agent: *
Disallow: /private/
Crawl-delay: 2
Sitemap: https://site.example/sitemap.xml

User-agent: GalleyRag
Disallow: /only-us/
`;

function manners(answer: string | PageError, now = { ms: 0 }): SiteManners {
	return new SiteManners(
		{ ...defaultManners, userAgent: "GalleyRag" },
		async (url) => {
			if (answer instanceof PageError) throw answer;
			return {
				url,
				contentType: "text/plain",
				charset: null,
				body: Buffer.from(answer),
				etag: null,
				lastModified: null,
			};
		},
		() => now.ms,
	);
}

const page = (path: string) => new URL(path, "https://site.example/");

async function refusal(site: SiteManners, path: string): Promise<unknown> {
	try {
		await site.requireAllowed(page(path));
		return null;
	} catch (error) {
		return error;
	}
}

describe("what a site asks of crawlers", () => {
	test("is done, its own group before the one for all", async () => {
		const site = manners(robots);
		expect(await refusal(site, "/only-us/a")).toMatchObject({ code: "robots" });
		expect(await refusal(site, "/private/a")).toBeNull();
		expect(await site.sitemaps(page("/"))).toEqual([
			"https://site.example/sitemap.xml",
		]);
	});

	test("nothing is asked where there is no robots.txt, everything where it can't be read", async () => {
		const absent = manners(
			new PageError("http_status", "Not there.", { status: 404 }),
		);
		expect(await refusal(absent, "/a")).toBeNull();
		const broken = manners(
			new PageError("http_status", "Broken.", { status: 500 }),
		);
		expect(await refusal(broken, "/a")).toMatchObject({
			code: "robots_unreadable",
			message: expect.stringContaining("answered 500"),
			// Not the page is gone.
			status: null,
		});
	});

	test("a site that can't be reached is no matter of robots.txt, and is asked again soon", async () => {
		const now = { ms: 0 };
		let problem: PageError | null = new PageError("dns", "No such host.");
		const site = new SiteManners(
			{ ...defaultManners, userAgent: "GalleyRag" },
			async () => {
				if (problem !== null) throw problem;
				return null;
			},
			() => now.ms,
		);
		expect(await refusal(site, "/a")).toBe(problem);
		problem = null;
		expect(await refusal(site, "/a")).toMatchObject({ code: "dns" });
		now.ms += defaultManners.retryMs;
		expect(await refusal(site, "/a")).toBeNull();
	});

	test("requests to one host keep their distance", async () => {
		const now = { ms: 0 };
		const site = manners("User-agent: *\nCrawl-delay: 2", now);
		expect(await site.takeTurn(page("/a"))).toBe(0);
		expect(await site.takeTurn(page("/b"))).toBe(2000);
		expect(await site.takeTurn(page("/c"))).toBe(4000);
		now.ms = 10_000;
		expect(await site.takeTurn(page("/d"))).toBe(0);
		const slow = manners("User-agent: *\nCrawl-delay: 900");
		await slow.takeTurn(page("/a"));
		expect(await slow.takeTurn(page("/b"))).toBe(defaultManners.mostDelayMs);
	});
});
