import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { PageError } from "./page-error.ts";

/**
 * Addresses that are nobody's web page: this machine, its networks, its cloud's metadata service, and what is reserved.
 * https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
 */
const special = new BlockList();
for (const [network, prefix] of [
	["0.0.0.0", 8],
	["10.0.0.0", 8],
	["100.64.0.0", 10],
	["127.0.0.0", 8],
	["169.254.0.0", 16],
	["172.16.0.0", 12],
	["192.0.0.0", 24],
	["192.0.2.0", 24],
	["192.88.99.0", 24],
	["192.168.0.0", 16],
	["198.18.0.0", 15],
	["198.51.100.0", 24],
	["203.0.113.0", 24],
	["224.0.0.0", 3],
] as const)
	special.addSubnet(network, prefix, "ipv4");

/** Of IPv6 only what is handed out for the internet, and of that not the parts that stand for something else. */
const publicIpv6 = new BlockList();
publicIpv6.addSubnet("2000::", 3, "ipv6");
const specialIpv6 = new BlockList();
for (const [network, prefix] of [
	["2001::", 23],
	["2001:db8::", 32],
	["2002::", 16],
	["3fff::", 20],
] as const)
	specialIpv6.addSubnet(network, prefix, "ipv6");

/** Whether an IP address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
	const family = isIP(address);
	if (family === 4) return !special.check(address, "ipv4");
	if (family === 6)
		return (
			publicIpv6.check(address, "ipv6") && !specialIpv6.check(address, "ipv6")
		);
	return false;
}

/** Hosts that may be fetched although their address is private: `intranet.example`, `127.0.0.1:8080`, `[::1]`. */
export type AllowedHosts = ReadonlySet<string>;

/**
 * Connects to public addresses only. Names are resolved once, and the connection goes to an address that was checked: a
 * name that answers differently the second time gains nothing.
 */
export function createGuardedAgent(
	allowed: AllowedHosts,
	lookup: typeof systemLookup = systemLookup,
): Agent {
	const guarded = guardedLookup(lookup);
	const connectGuarded = buildConnector({ timeout: 10_000, lookup: guarded });
	const connectAnywhere = buildConnector({ timeout: 10_000 });
	return new Agent({
		headersTimeout: 20_000,
		bodyTimeout: 20_000,
		maxHeaderSize: 32_768,
		connect: (options, callback) => {
			const { hostname, port } = options;
			if (allowed.has(hostname) || allowed.has(`${hostname}:${port}`))
				return connectAnywhere(options, callback);
			// A literal address is never looked up.
			const literal = hostname.replace(/^\[|\]$/g, "");
			if (isIP(literal) !== 0 && !isPublicAddress(literal))
				return callback(refusal(hostname), null);
			return connectGuarded(options, callback);
		},
	});
}

function guardedLookup(lookup: typeof systemLookup): LookupFunction {
	return (hostname, options, callback) => {
		lookup(hostname, { ...options, all: true }, (error, found) => {
			if (error !== null) return callback(error, "", 0);
			const addresses = found as unknown as LookupAddress[];
			// One private address among public ones is no accident.
			const isSafe =
				addresses.length > 0 &&
				addresses.every(({ address }) => isPublicAddress(address));
			if (!isSafe) return callback(refusal(hostname), "", 0);
			if (options.all === true) return callback(null, addresses);
			const [first] = addresses as [LookupAddress];
			callback(null, first.address, first.family);
		});
	};
}

function refusal(hostname: string): PageError {
	return new PageError(
		"private_address",
		`${hostname} is not an address of the public internet. Allow it by name (ALLOWED_HOSTS) if its pages are meant to be read.`,
	);
}
