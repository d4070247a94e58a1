import { randomUUID } from "node:crypto";
import type { Migration } from "../store/index.ts";
import { accessMigrations } from "./access/access-migrations.ts";
import { EnvironmentKeys } from "./access/environment-keys.ts";
import { GatewayKeys, type KeysMode } from "./access/gateway-keys.ts";
import { KeyStore } from "./access/key-store.ts";
import { KnownKeys } from "./access/known-keys.ts";
import type { Authenticator } from "./access/principal.ts";
import { keyRoutes } from "./http/key-routes.ts";
import type { OwnRoute } from "./http/own-route.ts";
import { usageRoutes } from "./http/usage-routes.ts";
import type { LateDatabase } from "./late-database.ts";
import { limitMigrations } from "./limits/limit-migrations.ts";
import { Limiter } from "./limits/limiter.ts";
import type { Limits } from "./limits/limits.ts";
import { DatabaseSlots } from "./limits/slot-store.ts";
import { DatabaseWindows } from "./limits/window-store.ts";
import { BodyReader } from "./policy/body-facts.ts";
import type {
	ModelCall,
	RequestPolicy,
	UsageCounter,
} from "./policy/model-call.ts";
import { type FullPrice, type Price, PriceTable } from "./usage/price-table.ts";
import { SpentMoney } from "./usage/spent-money.ts";
import { UsageLedger } from "./usage/usage-ledger.ts";
import { UsageMeter } from "./usage/usage-meter.ts";
import { usageMigrations } from "./usage/usage-migrations.ts";
import { DatabaseUsage } from "./usage/usage-store.ts";

/** The tables of this room: for `openDatabase`. */
export const gatewayMigrations: readonly Migration[] = [
	...accessMigrations,
	...limitMigrations,
	...usageMigrations,
];

/** What a fleet file says of keys and money; read when it is needed, because the file may be read again. */
export interface AccessSettings {
	readonly prices: Readonly<Record<string, Price>>;
	/** Limits that all keys of a tenant share. */
	readonly tenants: Readonly<Record<string, Limits>>;
}

export interface AccessParts {
	keys: KeysMode;
	settings: AccessSettings;
	/** Those that may answer for a name: itself, or all that an alias leads to. */
	modelsBehind(name: string): readonly string[];
	database: LateDatabase;
	/** Hex sha256 of the keys of the environment. */
	keyHashes: readonly string[];
	/** For usage on its way into the database; of this gateway alone. */
	directory: string;
	logger: { warn(fields: object, message: string): void };
}

export interface Access {
	authenticator: Authenticator;
	/** The first of all policies, in this order. */
	policies: readonly RequestPolicy[];
	countUsage(call: ModelCall): UsageCounter;
	routes: readonly OwnRoute[];
	priceOf(model: string): FullPrice | null;
	/** Before the database. */
	close(): Promise<void>;
}

/** Keys, limits and usage of a gateway. The database is opened in the background; nothing here waits for it. */
export async function openAccess(parts: AccessParts): Promise<Access> {
	const { database, logger, settings, modelsBehind } = parts;
	const prices = new PriceTable(() => settings.prices);
	const bodies = new BodyReader();
	const usage = new DatabaseUsage(database);
	const spending = new SpentMoney(
		usage,
		// Which of an alias' targets answers is known afterwards; until then the dearest is set aside.
		(model, tokens) => prices.highestCost(modelsBehind(model), tokens),
		() => ledger,
	);
	const ledger: UsageLedger = await UsageLedger.open({
		directory: parts.directory,
		store: usage,
		logger,
		onAdded: (rows) => spending.added(rows),
	});
	const slots = new DatabaseSlots(database, randomUUID());
	const windows = new DatabaseWindows(database);
	const limiter = new Limiter({
		windows,
		slots,
		bodies,
		spending,
		limitsOf: (tenant) =>
			Object.hasOwn(settings.tenants, tenant)
				? (settings.tenants[tenant] ?? null)
				: null,
	});
	const meter = new UsageMeter({ ledger, prices, bodies });
	const environment = new EnvironmentKeys(parts.keyHashes);
	const store = new KeyStore(database);
	const known = new KnownKeys(store);
	const complain = (error: unknown) =>
		logger.warn(
			{},
			`The database can't be used yet: ${error instanceof Error ? error.message : error}`,
		);
	if (database.isNew) known.assumeNone();
	// Who comes first shall not be the one who waits.
	known.load().catch(complain);
	windows.forget(Date.now()).catch(() => undefined);
	return {
		authenticator: new GatewayKeys(environment, known, parts.keys),
		policies: [meter, limiter],
		countUsage: meter.count,
		routes: [
			...keyRoutes({
				store,
				known,
				hasEnvironmentKeys: environment.asksForKeys,
			}),
			...usageRoutes({ database, ledger }),
		],
		priceOf: (model) => prices.priceOf(model),
		async close() {
			await limiter.close();
			await slots.release().catch(() => undefined);
			await ledger.close();
		},
	};
}
