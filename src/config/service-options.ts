import { adapterOptions } from "./adapter-options.ts";
import { externalOptions } from "./external-options.ts";
import { modelOptions } from "./model-options.ts";
import { networkOptions } from "./network-options.ts";
import { operationOptions } from "./operation-options.ts";
import type { Option } from "./option.ts";
import { schedulingOptions } from "./scheduling-options.ts";
import { sourceOptions } from "./source-options.ts";
import { tracingOptions } from "./tracing-options.ts";

type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;

/** Every option of a service. Each row is read by the service; one that nothing reads must not exist. */
const serviceOptions = {
	...modelOptions,
	...sourceOptions,
	...adapterOptions,
	...externalOptions,
	...schedulingOptions,
	...networkOptions,
	...operationOptions,
	...tracingOptions,
} as const satisfies OptionTable;

export type ServiceOptionName = keyof typeof serviceOptions;

export type ServiceSettings = {
	readonly [Name in ServiceOptionName]: (typeof serviceOptions)[Name] extends Option<
		infer Value,
		infer Fallback
	>
		? null extends Fallback
			? Value | null
			: Value
		: never;
};

export const serviceOptionNames = Object.freeze(
	Object.keys(serviceOptions),
) as readonly ServiceOptionName[];

/** In the order and under the titles that help shows. */
export const serviceOptionGroups: readonly {
	title: string;
	names: readonly ServiceOptionName[];
}[] = [
	{
		title: "Model:",
		names: Object.keys(modelOptions) as (keyof typeof modelOptions)[],
	},
	{
		title: "Where models come from:",
		names: Object.keys(sourceOptions) as (keyof typeof sourceOptions)[],
	},
	{
		title: "Adapters:",
		names: Object.keys(adapterOptions) as (keyof typeof adapterOptions)[],
	},
	{
		title: "External engine:",
		names: Object.keys(externalOptions) as (keyof typeof externalOptions)[],
	},
	{
		title: "Scheduling:",
		names: Object.keys(schedulingOptions) as (keyof typeof schedulingOptions)[],
	},
	{
		title: "Network and access:",
		names: Object.keys(networkOptions) as (keyof typeof networkOptions)[],
	},
	{
		title: "Operation:",
		names: Object.keys(operationOptions) as (keyof typeof operationOptions)[],
	},
	{
		title: "Traces:",
		names: Object.keys(tracingOptions) as (keyof typeof tracingOptions)[],
	},
];

/** The rows as one type, for code that treats all of them alike. */
export function serviceOption(
	name: ServiceOptionName,
): Option<unknown, unknown> {
	return serviceOptions[name];
}
