import robotsModule, { type Robot } from "robots-parser";
import { PageError } from "./page-error.ts";
import type { FetchedPage } from "./page-fetcher.ts";

export interface MannersOptions {
	userAgent: string;
	/** Between two requests to one host, unless its robots.txt asks for more. */
	leastDelayMs: number;
	/** A robots.txt that asks for more than this is given this much: nobody waits for minutes. */
	mostDelayMs: number;
	/** How long a robots.txt is believed. */
	maxAgeMs: number;
	/** How long it is believed that one can't be read. */
	retryMs: number;
}

export const defaultManners: Omit<MannersOptions, "userAgent"> = {
	leastDelayMs: 500,
	mostDelayMs: 10_000,
	maxAgeMs: 3_600_000,
	retryMs: 20_000,
};

/** The package is CommonJS and its types are not: what is imported is the function itself. */
const robotsParser = robotsModule as unknown as (
	url: string,
	text: string,
) => Robot;

type FetchPage = (url: string) => Promise<FetchedPage | null>;

interface Site {
	/** Why nothing of it may be read: its robots.txt can't be. Null where it can. */
	problem: PageError | null;
	robot: Robot;
	readAt: number;
	/** When the host may be asked again. */
	nextAt: number;
}

/** What a site asks of crawlers (RFC 9309), and the pause between two requests to one host. */
export class SiteManners {
	readonly #options: MannersOptions;
	readonly #fetch: FetchPage;
	readonly #now: () => number;
	readonly #sites = new Map<string, Promise<Site>>();

	constructor(
		options: MannersOptions,
		fetchPage: FetchPage,
		now: () => number = () => performance.now(),
	) {
		this.#options = options;
		this.#fetch = fetchPage;
		this.#now = now;
	}

	/** Throws PageError: `robots` when the site asks for the page to be left, otherwise what is wrong with the site. */
	async requireAllowed(url: URL): Promise<void> {
		const { robot, problem } = await this.#site(url);
		if (problem !== null) throw problem;
		if (robot.isAllowed(url.href, this.#options.userAgent) === false)
			throw new PageError(
				"robots",
				`The robots.txt of ${url.host} asks that this page be left.`,
			);
	}

	/** Addresses of its sitemaps, as robots.txt names them. */
	async sitemaps(url: URL): Promise<readonly string[]> {
		const { robot } = await this.#site(url);
		return robot.getSitemaps();
	}

	/** Takes the host's next turn; resolves how long to wait for it, milliseconds. */
	async takeTurn(url: URL): Promise<number> {
		const site = await this.#site(url);
		const { userAgent, leastDelayMs, mostDelayMs } = this.#options;
		const asked = (site.robot.getCrawlDelay(userAgent) ?? 0) * 1000;
		const pause = Math.min(mostDelayMs, Math.max(leastDelayMs, asked));
		const now = this.#now();
		const turn = Math.max(now, site.nextAt);
		site.nextAt = turn + pause;
		return turn - now;
	}

	async #site(url: URL): Promise<Site> {
		const known = this.#sites.get(url.origin);
		if (known !== undefined) {
			const { readAt, problem } = await known;
			const { maxAgeMs, retryMs } = this.#options;
			const isFresh =
				this.#now() - readAt < (problem === null ? maxAgeMs : retryMs);
			// Others may have begun to read it anew while this one waited.
			if (isFresh || this.#sites.get(url.origin) !== known)
				return this.#sites.get(url.origin) ?? known;
		}
		const reading = this.#read(url.origin);
		this.#sites.set(url.origin, reading);
		return reading;
	}

	async #read(origin: string): Promise<Site> {
		const address = `${origin}/robots.txt`;
		const text = await this.#robotsText(address);
		const readAt = this.#now();
		const isText = typeof text === "string";
		return {
			robot: robotsParser(address, isText ? text : ""),
			problem: isText ? null : text,
			readAt,
			nextAt: readAt,
		};
	}

	/** No robots.txt allows all; one that can't be reached forbids all, as RFC 9309 wants: then why it can't. */
	async #robotsText(address: string): Promise<string | PageError> {
		try {
			const page = await this.#fetch(address);
			return page?.body.subarray(0, 512_000).toString() ?? "";
		} catch (error) {
			if (!(error instanceof PageError)) throw error;
			const { code, status } = error;
			const isAbsent =
				status !== null && status >= 400 && status < 500 && status !== 429;
			// Of a private address the page itself says it better.
			const isOpen =
				isAbsent || code === "unsupported_type" || code === "private_address";
			if (isOpen) return "";
			return status === null
				? error
				: new PageError(
						"robots_unreadable",
						`${address} answered ${status}, so that nobody knows what may be read there: nothing is, until it can be read.`,
						{ status: null, cause: error },
					);
		}
	}
}
