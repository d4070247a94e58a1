import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readableTypes } from "../extract/document.ts";
import {
	drip,
	endless,
	gzipBomb,
	redirectTo,
	TrapSite,
} from "../testing/trap-site.ts";
import { createGuardedAgent, isPublicAddress } from "./address-guard.ts";
import type { PageErrorCode } from "./page-error.ts";
import { type FetchLimits, PageFetcher } from "./page-fetcher.ts";

let site: TrapSite;
let fetcher: PageFetcher;

function fetcherFor(
	hosts: readonly string[],
	limits: Partial<FetchLimits> = {},
): PageFetcher {
	return new PageFetcher({
		userAgent: "GalleyTest/1.0",
		allowedHosts: new Set(hosts),
		acceptedTypes: readableTypes,
		limits,
	});
}

beforeEach(async () => {
	site = await TrapSite.open();
	fetcher = fetcherFor([site.host]);
});
afterEach(async () => {
	await fetcher.close();
	await site.close();
});

async function refused(
	url: string,
	code: PageErrorCode,
	by: PageFetcher = fetcher,
) {
	await expect(by.fetch(url)).rejects.toMatchObject({
		name: "PageError",
		code,
	});
}

describe("which addresses are fetched", () => {
	test.each([
		"127.0.0.1",
		"10.1.2.3",
		"172.31.255.1",
		"192.168.0.1",
		"169.254.169.254",
		"100.64.0.1",
		"0.0.0.0",
		"224.0.0.1",
		"255.255.255.255",
		"::1",
		"::",
		"::ffff:10.0.0.1",
		"64:ff9b::a00:1",
		"fe80::1",
		"fd00::1",
		"2002:a00:1::",
		"2001:db8::1",
		"not an address",
	])("%s is not of the public internet", (address) => {
		expect(isPublicAddress(address)).toBe(false);
	});

	test.each(["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "172.32.0.1"])(
		"%s is",
		(address) => expect(isPublicAddress(address)).toBe(true),
	);

	test("this machine is refused unless it is allowed, however it is written", async () => {
		site.pages.set("/", "<p>secret</p>");
		const strict = fetcherFor([]);
		const port = new URL(site.url("/")).port;
		for (const host of [
			"127.0.0.1",
			"localhost",
			"0x7f.1",
			"2130706433",
			"127.1",
			"[::ffff:127.0.0.1]",
			"[::1]",
			"0",
		])
			await refused(`http://${host}:${port}/`, "private_address", strict);
		expect(site.asked).toEqual([]);
		await strict.close();
	});

	test("an allowed page can't redirect to a private address", async () => {
		const other = await TrapSite.open();
		other.pages.set("/admin", "<p>secret</p>");
		site.pages.set("/", redirectTo(other.url("/admin")));
		await refused(site.url("/"), "private_address");
		expect(other.asked).toEqual([]);
		await other.close();
	});

	test("a name is resolved once, and one private address among its addresses is enough to refuse it", async () => {
		let lookups = 0;
		const agent = createGuardedAgent(new Set(), ((
			_name: string,
			_options: object,
			callback: (error: null, found: unknown) => void,
		) => {
			lookups++;
			callback(null, [
				{ address: "8.8.8.8", family: 4 },
				{ address: "127.0.0.1", family: 4 },
			]);
		}) as never);
		const rebound = new PageFetcher({
			userAgent: "GalleyTest/1.0",
			allowedHosts: new Set(),
			acceptedTypes: readableTypes,
			agent,
		});
		await refused("http://rebind.example/", "private_address", rebound);
		expect(lookups).toBe(1);
		await rebound.close();
	});

	test.each([
		"file:///etc/passwd",
		"ftp://example.com/",
		"data:text/html,hi",
		"http://user:password@example.com/",
		"nonsense",
	])("%s is no address of a page", (url) => refused(url, "invalid_url"));
});

describe("what a server may do", () => {
	test("a page comes with its type, charset, tag and date, after redirects", async () => {
		site.pages.set("/old", redirectTo("/new"));
		site.pages.set("/new", (_, response) =>
			response
				.writeHead(200, {
					"content-type": "text/html; charset=ISO-8859-1",
					etag: '"1"',
					"last-modified": "Mon, 02 Nov 2026 10:00:00 GMT",
				})
				.end("<p>hello</p>"),
		);
		const page = await fetcher.fetch(site.url("/old#part"));
		expect(page).toMatchObject({
			url: site.url("/new"),
			contentType: "text/html",
			charset: "ISO-8859-1",
			etag: '"1"',
			lastModified: "Mon, 02 Nov 2026 10:00:00 GMT",
		});
		expect(page?.body.toString()).toBe("<p>hello</p>");
	});

	test("a page that has not changed is not sent again", async () => {
		site.pages.set("/", (request, response) => {
			const isSame = request.headers["if-none-match"] === '"1"';
			response.writeHead(isSame ? 304 : 200).end();
		});
		const known = { etag: '"1"', lastModified: null };
		expect(await fetcher.fetch(site.url("/"), known)).toBeNull();
	});

	test("compressed pages are unpacked", async () => {
		site.pages.set("/", (_, response) =>
			response
				.writeHead(200, {
					"content-type": "text/html",
					"content-encoding": "gzip",
				})
				.end(gzipSync("<p>packed</p>")),
		);
		const page = await fetcher.fetch(site.url("/"));
		expect(page?.body.toString()).toBe("<p>packed</p>");
	});

	test("redirects that go round end", async () => {
		site.pages.set("/a", redirectTo("/b"));
		site.pages.set("/b", redirectTo("/a"));
		await refused(site.url("/a"), "too_many_redirects");
		expect(site.asked.length).toBe(6);
	});

	test("a bomb is cut short when it has become too large", async () => {
		site.pages.set("/", gzipBomb(50));
		await refused(
			site.url("/"),
			"too_large",
			fetcherFor([site.host], { maxBytes: 1_000_000 }),
		);
	});

	test("a page that never ends is cut short", async () => {
		site.pages.set("/", endless());
		await refused(
			site.url("/"),
			"too_large",
			fetcherFor([site.host], { maxBytes: 1_000_000 }),
		);
	});

	test("a page that drips is given up", async () => {
		site.pages.set("/", drip(20));
		await refused(
			site.url("/"),
			"too_slow",
			fetcherFor([site.host], { maxSeconds: 0.3 }),
		);
	});

	test("a page of another type is not downloaded", async () => {
		site.pages.set("/film", (_, response) => {
			response.writeHead(200, { "content-type": "video/mp4" });
			response.write(Buffer.alloc(100_000));
		});
		await refused(site.url("/film"), "unsupported_type");
	});

	test("errors say what the server said", async () => {
		site.pages.set("/broken", (_, response) => response.writeHead(500).end());
		await expect(fetcher.fetch(site.url("/broken"))).rejects.toThrow(/500/);
		await refused(site.url("/missing"), "http_status");
	});

	test("a caller who leaves gets its own reason", async () => {
		site.pages.set("/", drip(20));
		const controller = new AbortController();
		const page = fetcher.fetch(site.url("/"), null, controller.signal);
		controller.abort(new Error("left"));
		await expect(page).rejects.toThrow("left");
	});
});
