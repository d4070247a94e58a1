import {
	type Document,
	isMap,
	isNode,
	isPair,
	LineCounter,
	parseDocument,
} from "yaml";
import { z } from "zod";
import { nearestName } from "../../core/nearest-name.ts";
import { scalingSchema } from "../autoscale/scaling-settings.ts";
import { limitsSchema } from "../limits/limits.ts";
import { priceSchema } from "../usage/price-table.ts";
import {
	type FleetProblem,
	type Found,
	fleetProblems,
} from "./fleet-problems.ts";
import { issueWords } from "./issue-words.ts";
import { memoryBudgetSchema } from "./memory-settings.ts";
import {
	captureSchema,
	hooksSchema,
	tracingSchema,
} from "./policy-settings.ts";
import { readForm } from "./read-form.ts";

const name = z
	.string()
	.min(1)
	.max(200)
	.regex(/^[A-Za-z0-9][\w./:-]*$/, "may have letters, digits and . _ - / :");
const environmentName = z
	.string()
	.regex(
		/^[A-Z_][A-Z0-9_]*$/,
		"is the name of an environment variable, such as MY_KEY",
	);
const port = z.int().min(1).max(65_535);

export const fleetServiceSchema = z.strictObject({
	name,
	/** What `galley run` takes; the name itself where nothing is given. */
	model: z.string().min(1).optional(),
	/** Left out, Galley computes itself; `openai` is a server that somebody else wrote: one that is started, or one that runs. */
	engine: z.literal("openai", 'is "openai", or left out').optional(),
	/** Starts it: `vllm serve {model} --port {port}`. */
	command: z.string().min(1).optional(),
	/** Or where it is. */
	url: z.url({ protocol: /^https?$/ }).optional(),
	/** Its key is read from this environment variable: files get shared. */
	apiKeyEnv: environmentName.optional(),
	/** Answers 200 when it can work; `/health` of a command, `/v1/models` of an address where left out. */
	readyPath: z.string().startsWith("/").optional(),
	/** Options of `galley run`, in the words of its config file. */
	options: z.record(z.string(), z.unknown()).default({}),
	replicas: z.int().min(1).max(64).default(1),
	/** The load decides how many there are between these; 0 stops it when nobody needs it. */
	minReplicas: z.int().min(0).max(64).optional(),
	maxReplicas: z.int().min(1).max(64).optional(),
	scaling: scalingSchema,
	/** Start with the fleet, or with the first request for it. */
	start: z.enum(["always", "on-demand"]).default("always"),
	/** On-demand services stop after so long without a request; 0 keeps them. */
	idleSeconds: z.number().min(0).default(600),
	/** Until an answer begins, and between two pieces of it; 0 waits for ever. */
	timeoutSeconds: z.number().min(0).max(86_400).default(3600),
	/** After so long without an answer, embeddings and rankings are asked of a second replica too; the first answer counts. */
	hedgeMs: z.number().min(1).max(600_000).optional(),
});

const upstream = z.strictObject({
	name,
	url: z.url({ protocol: /^https?$/ }),
	/** Its key is read from this environment variable: files get shared. */
	apiKeyEnv: environmentName.optional(),
	/** Model names it answers to; here by the same names. */
	models: z.array(name).min(1),
	/** Until an answer begins, and between two pieces of it; 0 waits for ever. */
	timeoutSeconds: z.number().min(0).max(86_400).default(600),
	/** What is asked when it failed, to see whether it is back; `/v1/models` of its address unless told otherwise. */
	healthPath: z.string().startsWith("/").optional(),
});

const alias = z.union([
	name,
	z.strictObject({
		/** Models and their parts of the requests. */
		split: z.record(name, z.number().positive()),
	}),
	z.strictObject({
		/** Models in the order in which they are tried. */
		fallback: z.array(name).min(2),
	}),
]);

const application = z.strictObject({
	name: z.string().min(1).max(100),
	/** Where it listens; the application's own port where nothing is given. */
	port: port.optional(),
	/** Its settings, as its README lists them. */
	environment: z.record(z.string(), z.string()).default({}),
});

const fleetSchema = z.strictObject({
	gateway: z
		.strictObject({
			host: z.string().min(1).default("127.0.0.1"),
			port: port.default(8000),
			/** Seconds that a request may wait for a service that is starting. */
			coldStartSeconds: z.number().min(0).max(3600).default(120),
			/** Of all services together; those that start on demand wait for it, and make room for each other. */
			memoryBudget: memoryBudgetSchema,
			/** When a place that fails is left alone for a while. */
			breaker: z
				.strictObject({
					/** So many failures in a row, */
					failures: z.int().min(1).max(1000).default(5),
					/** or this share of the last 20 requests. */
					share: z.number().min(0.05).max(1).default(0.5),
					/** At first; twice as long each time that it fails again, up to 15 times as long. */
					openSeconds: z.number().min(0.1).max(600).default(2),
				})
				.prefault({}),
			/** `auto` asks for keys from the first one on. */
			keys: z.enum(["auto", "on", "off"]).default("auto"),
			hooks: hooksSchema,
			capture: captureSchema,
			tracing: tracingSchema,
		})
		.prefault({}),
	services: z.array(fleetServiceSchema).default([]),
	upstreams: z.array(upstream).default([]),
	aliases: z.record(name, alias).default({}),
	/** Sample applications that run beside the services and use them through the gateway. */
	applications: z
		.array(
			z
				.union([z.string(), application])
				.transform((given) =>
					typeof given === "string"
						? application.parse({ name: given })
						: given,
				),
		)
		.default([]),
	/** Whether the gateway has the console's pages. */
	console: z.boolean().default(true),
	/** US dollars for a million tokens, by the name of a service, an adapter or an upstream's model. */
	prices: z.record(name, priceSchema).default({}),
	/** What all keys of a tenant may use together. */
	tenants: z.record(z.string().min(1), limitsSchema).default({}),
});

export type Fleet = z.infer<typeof fleetSchema>;
export type FleetService = Fleet["services"][number];
export type FleetApplication = Fleet["applications"][number];
export type FleetAlias = Fleet["aliases"][string];

export type FleetReading =
	| { fleet: Fleet; problems: readonly [] }
	| { fleet: null; problems: readonly FleetProblem[] };

/** What is wrong with a fleet that has the right form, as far as this machine can tell. */
export type FleetCheck = (
	fleet: Fleet,
) => readonly { path: readonly PropertyKey[]; message: string }[];

/** Reads a fleet file; all that is wrong with it at once, with lines. */
export function readFleetFile(
	text: string,
	check: FleetCheck = () => [],
): FleetReading {
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines });
	const lineOf = (path: readonly PropertyKey[]) => {
		const offset = placeOf(document, path);
		return offset === null ? null : lines.linePos(offset).line;
	};
	if (document.errors.length > 0)
		return {
			fleet: null,
			problems: document.errors.map(({ pos, message }) => ({
				line: lines.linePos(pos[0]).line,
				path: "",
				message: `${(message.split("\n", 1)[0] ?? message).replace(/ at line \d+, column \d+:?$/, "")}.`,
			})),
		};
	const form = readForm(fleetSchema, document.toJS() ?? {}, describeIssue);
	const { read: fleet, isWhole, problems, placeOf: placeInFile } = form;
	if (fleet !== null) {
		const found = [...fleetProblems(fleet), ...check(fleet)];
		// What leads to something that was left out may be right.
		problems.push(
			...found
				.filter(({ path }) => isWhole || path[0] !== "aliases")
				.map((one) => ({ ...one, path: placeInFile(one.path) }))
				.filter((one) => !isDoubtful(one, problems)),
		);
	}
	if (fleet !== null && problems.length === 0) return { fleet, problems: [] };
	return {
		fleet: null,
		problems: problems
			.map(({ path, message }) => ({
				line: lineOf(path),
				path: path.map(String).join("."),
				message,
			}))
			.sort((left, right) => (left.line ?? 0) - (right.line ?? 0)),
	};
}

/** A service without a model is one of its name, unless "modle" stands there. */
function isDoubtful({ path }: Found, mistakes: readonly Found[]): boolean {
	const [list, place, key] = path;
	return (
		key === "name" &&
		mistakes.some(({ path: [one, other] }) => one === list && other === place)
	);
}

function describeIssue(issue: z.core.$ZodIssue): Found[] {
	if (issue.code === "unrecognized_keys") {
		const known = knownKeys(issue.path);
		return issue.keys.map((key) => {
			const meant = nearestName(key, known);
			const advice =
				meant === null
					? `Known here: ${known.join(", ")}.`
					: `Did you mean "${meant}"?`;
			return {
				path: [...issue.path, key],
				message: `"${key}" is not known. ${advice}`,
			};
		});
	}
	if (issue.code === "invalid_union")
		return [
			{
				path: issue.path,
				message: issue.path.includes("policies")
					? "A policy is {replicas: number, periodSeconds: seconds} or {percent: number, periodSeconds: seconds}."
					: issue.path[0] === "applications"
						? "An application is its name, or {name, port, environment: {NAME: value, ...}}."
						: "An alias is a model's name, {split: {name: part, ...}} or {fallback: [name, name, ...]}.",
			},
		];
	const name = issue.path.findLast((part) => typeof part === "string");
	if (name === undefined)
		return [
			{
				path: [],
				message: `A fleet file has keys with values: ${knownKeys([]).join(", ")}.`,
			},
		];
	const words = issueWords(issue) ?? issue.message.replace(/\.$/, "");
	return [{ path: issue.path, message: `"${name}" ${words}.` }];
}

function knownKeys(path: readonly PropertyKey[]): string[] {
	const shapes: Record<string, object> = {
		gateway: fleetSchema.shape.gateway.unwrap().shape,
		services: fleetServiceSchema.shape,
		applications: application.shape,
		upstreams: upstream.shape,
		aliases: { split: 0, fallback: 0 },
		prices: priceSchema.shape,
		tenants: limitsSchema.shape,
		"services.scaling": scalingSchema.unwrap().shape,
		"services.scaling.scaleUp": scalingSchema.unwrap().shape.scaleUp.unwrap()
			.shape,
		"services.scaling.scaleDown": scalingSchema
			.unwrap()
			.shape.scaleDown.unwrap().shape,
		"gateway.hooks": hooksSchema.unwrap().element.shape,
		"gateway.capture": captureSchema.unwrap().unwrap().shape,
		"gateway.tracing": tracingSchema.unwrap().unwrap().shape,
	};
	// What stands in a list has no name of its own.
	const names = path.map(String).filter((part) => !/^\d+$/.test(part));
	for (let length = names.length; length > 0; length--) {
		const shape = shapes[names.slice(0, length).join(".")];
		if (shape !== undefined) return Object.keys(shape);
	}
	return Object.keys(fleetSchema.shape);
}

/** The offset of what stands at a path, or of the nearest thing around it. */
function placeOf(
	document: Document,
	path: readonly PropertyKey[],
): number | null {
	for (let length = path.length; length > 0; length--) {
		const inside = path.slice(0, length - 1);
		const last = path[length - 1];
		const parent =
			inside.length === 0 ? document.contents : document.getIn(inside, true);
		if (isMap(parent)) {
			const pair = parent.items.find(
				(item) => isPair(item) && String(item.key) === String(last),
			);
			if (isNode(pair?.key)) return pair.key.range?.[0] ?? null;
		}
		const node = document.getIn(path.slice(0, length), true);
		if (isNode(node)) return node.range?.[0] ?? null;
	}
	return null;
}
