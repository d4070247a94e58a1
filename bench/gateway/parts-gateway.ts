/**
 * A program of its own: Galley's gateway with some of its parts only, so that each part's cost can be told.
 *   node parts-gateway.ts PORT TARGET_PORT DIST PARTS DIRECTORY
 * PARTS are of `metrics`, `log`, `usage`, `keys`, with commas; none of them is routing alone. DIST is what `npm run build` makes,
 * as `galley up` runs it; DIRECTORY takes the usage, which no database takes here.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Keys from "../../src/gateway/access/environment-keys.ts";
import type * as FleetFile from "../../src/gateway/fleet/fleet-file.ts";
import type * as Routing from "../../src/gateway/gateway.ts";
import type * as Server from "../../src/gateway/gateway-server.ts";
import type * as Metrics from "../../src/gateway/metrics/gateway-metrics.ts";
import type * as Facts from "../../src/gateway/policy/body-facts.ts";
import type { RequestPolicy } from "../../src/gateway/policy/model-call.ts";
import type * as Served from "../../src/gateway/served-models.ts";
import type * as Log from "../../src/gateway/tracing/call-log.ts";
import type * as Prices from "../../src/gateway/usage/price-table.ts";
import type * as Ledger from "../../src/gateway/usage/usage-ledger.ts";
import type * as Meter from "../../src/gateway/usage/usage-meter.ts";

const [port = "", target = "", dist = "", list = "", directory = ""] =
	process.argv.slice(2);
const load = async <Module>(path: string): Promise<Module> =>
	import(pathToFileURL(join(dist, "gateway", path)).href);

const { readFleetFile } = await load<typeof FleetFile>("fleet/fleet-file.js");
const { Gateway } = await load<typeof Routing>("gateway.js");
const { GatewayServer } = await load<typeof Server>("gateway-server.js");
const { ServedModels } = await load<typeof Served>("served-models.js");
const { EnvironmentKeys } = await load<typeof Keys>(
	"access/environment-keys.js",
);

const { fleet } = readFleetFile(
	`gateway: { port: 1 }\nupstreams: [{ name: engine, url: "http://127.0.0.1:${target}/v1", models: [fake] }]\n`,
);
if (fleet === null) throw new Error("The fleet of this benchmark is wrong.");
const nothing = () => undefined;
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const parts = new Set(list.split(","));
const policies: RequestPolicy[] = [];
let meter: Meter.UsageMeter | null = null;
if (parts.has("metrics")) {
	const { GatewayMetrics } = await load<typeof Metrics>(
		"metrics/gateway-metrics.js",
	);
	policies.push(
		new GatewayMetrics({
			version: "0",
			isKnown: () => true,
			status: () => {
				throw new Error("Nobody reads these metrics.");
			},
		}),
	);
}
if (parts.has("log")) {
	const { CallLog } = await load<typeof Log>("tracing/call-log.js");
	policies.push(new CallLog({ ...logger, isEnabled: () => false }));
}
if (parts.has("usage")) {
	const { UsageMeter } = await load<typeof Meter>("usage/usage-meter.js");
	const { UsageLedger } = await load<typeof Ledger>("usage/usage-ledger.js");
	const { PriceTable } = await load<typeof Prices>("usage/price-table.js");
	const { BodyReader } = await load<typeof Facts>("policy/body-facts.js");
	const store = { add: async () => {}, totals: async () => new Map() };
	meter = new UsageMeter({
		ledger: await UsageLedger.open({ directory, store, logger }),
		prices: new PriceTable(() => ({})),
		bodies: new BodyReader(),
	});
	policies.push(meter);
}
const services = new Map();
const gateway = new Gateway({
	fleet,
	services,
	served: new ServedModels(fleet, services),
	environment: {},
	policies,
	...(meter === null ? {} : { countUsage: meter.count }),
});
// The load client's key.
const hashes = [createHash("sha256").update("none").digest("hex")];
await new GatewayServer({
	gateway,
	routes: [
		{
			method: "GET",
			path: "/health",
			scope: "open",
			summary: null,
			answer: async () => ({ body: {} }),
		},
	],
	authenticator: new EnvironmentKeys(parts.has("keys") ? hashes : []),
	isDraining: () => false,
	logger,
}).listen("127.0.0.1", Number(port));
