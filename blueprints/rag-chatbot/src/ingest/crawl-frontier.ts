export interface CrawlLimits {
	/** Links to follow from a start; 0 reads the starts alone. */
	maxDepth: number;
	maxPages: number;
}

export interface CrawlTarget {
	url: string;
	depth: number;
}

const trackers = /^(utm_\w+|fbclid|gclid|msclkid|mc_eid|ref_src)$/i;
/** Calendars and broken relative links make addresses without end. */
const longestUrl = 1000;
const mostRepeats = 3;

/**
 * Which pages of a crawl are still to be read: breadth first, each once, on the hosts and below the folders of its starts.
 * Pure: it fetches nothing.
 */
export class CrawlFrontier {
	readonly #limits: CrawlLimits;
	readonly #scopes: readonly URL[];
	readonly #seen = new Set<string>();
	readonly #queue: CrawlTarget[] = [];
	#taken = 0;

	/** `starts` are what somebody asked for; links are followed within the folder of each. */
	constructor(starts: readonly string[], limits: CrawlLimits) {
		this.#limits = limits;
		this.#scopes = starts.map((start) => new URL(".", start));
		for (const start of starts) this.#enter(start, 0);
	}

	get waiting(): number {
		return Math.min(this.#queue.length, this.#limits.maxPages - this.#taken);
	}

	/** Pages handed out so far. */
	get taken(): number {
		return this.#taken;
	}

	next(): CrawlTarget | null {
		if (this.#taken >= this.#limits.maxPages) return null;
		const target = this.#queue.shift() ?? null;
		if (target !== null) this.#taken++;
		return target;
	}

	/** Links found on a page. */
	found(page: CrawlTarget, links: readonly string[]): void {
		if (page.depth >= this.#limits.maxDepth) return;
		for (const link of links)
			if (this.#isInside(link)) this.#enter(link, page.depth + 1);
	}

	/** A page turned out to be at another address, after redirects; false when that one was read already. */
	landed(target: CrawlTarget, url: string): boolean {
		const key = canonicalUrl(url);
		if (key === canonicalUrl(target.url)) return true;
		if (this.#seen.has(key)) return false;
		this.#seen.add(key);
		return true;
	}

	#enter(url: string, depth: number): void {
		const key = canonicalUrl(url);
		if (this.#seen.has(key) || isTrap(key)) return;
		// What would never be read need not be remembered: a site of a million links stays small.
		if (this.#queue.length >= this.#limits.maxPages - this.#taken) return;
		this.#seen.add(key);
		this.#queue.push({ url: key, depth });
	}

	#isInside(link: string): boolean {
		if (!URL.canParse(link)) return false;
		const url = new URL(link);
		return this.#scopes.some(
			(scope) =>
				url.host === scope.host &&
				/^https?:$/.test(url.protocol) &&
				url.pathname.startsWith(scope.pathname),
		);
	}
}

/** The same page's addresses as one: no fragment, no trackers, parameters in order. */
export function canonicalUrl(address: string): string {
	const url = new URL(address);
	url.hash = "";
	for (const name of [...url.searchParams.keys()])
		if (trackers.test(name)) url.searchParams.delete(name);
	url.searchParams.sort();
	return url.href;
}

function isTrap(url: string): boolean {
	if (url.length > longestUrl) return true;
	const counts = new Map<string, number>();
	for (const part of new URL(url).pathname.split("/")) {
		if (part === "") continue;
		const count = (counts.get(part) ?? 0) + 1;
		if (count > mostRepeats) return true;
		counts.set(part, count);
	}
	return false;
}
