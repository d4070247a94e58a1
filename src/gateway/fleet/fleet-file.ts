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
import { type FleetProblem, fleetProblems } from "./fleet-problems.ts";

const name = z
	.string()
	.min(1)
	.max(200)
	.regex(/^[A-Za-z0-9][\w./:-]*$/, "may have letters, digits and . _ - / :");
const port = z.int().min(1).max(65_535);

const service = z.strictObject({
	name,
	/** What `galley run` takes; the name itself where nothing is given. */
	model: z.string().min(1).optional(),
	/** Options of `galley run`, in the words of its config file. */
	options: z.record(z.string(), z.unknown()).default({}),
	replicas: z.int().min(1).max(64).default(1),
	/** Start with the fleet, or with the first request for it. */
	start: z.enum(["always", "on-demand"]).default("always"),
	/** On-demand services stop after so long without a request; 0 keeps them. */
	idleSeconds: z.number().min(0).default(600),
});

const upstream = z.strictObject({
	name,
	url: z.url({ protocol: /^https?$/ }),
	/** Its key is read from this environment variable: files get shared. */
	apiKeyEnv: z
		.string()
		.regex(/^[A-Z_][A-Z0-9_]*$/)
		.optional(),
	/** Model names it answers to; here by the same names. */
	models: z.array(name).min(1),
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

const fleetSchema = z.strictObject({
	gateway: z
		.strictObject({
			host: z.string().min(1).default("127.0.0.1"),
			port: port.default(8000),
			/** Seconds that a request may wait for a service that is starting. */
			coldStartSeconds: z.number().min(0).max(3600).default(120),
		})
		.prefault({}),
	services: z.array(service).default([]),
	upstreams: z.array(upstream).default([]),
	aliases: z.record(name, alias).default({}),
});

export type Fleet = z.infer<typeof fleetSchema>;
export type FleetService = Fleet["services"][number];
export type FleetAlias = Fleet["aliases"][string];

export type FleetReading =
	| { fleet: Fleet; problems: readonly [] }
	| { fleet: null; problems: readonly FleetProblem[] };

/** Reads a fleet file; all that is wrong with it at once, with lines. */
export function readFleetFile(text: string): FleetReading {
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
				message: message.split("\n", 1)[0] ?? message,
			})),
		};
	const result = fleetSchema.safeParse(document.toJS() ?? {});
	const problems = result.success
		? fleetProblems(result.data)
		: result.error.issues.flatMap(describeIssue);
	if (result.success && problems.length === 0)
		return { fleet: result.data, problems: [] };
	return {
		fleet: null,
		problems: problems.map(({ path, message }) => ({
			line: lineOf(path),
			path: path.map(String).join("."),
			message,
		})),
	};
}

interface Described {
	path: readonly PropertyKey[];
	message: string;
}

function describeIssue(issue: z.core.$ZodIssue): Described[] {
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
				message:
					"An alias is a model's name, {split: {name: part, ...}} or {fallback: [name, name, ...]}.",
			},
		];
	return [{ path: issue.path, message: `${issue.message}.` }];
}

function knownKeys(path: readonly PropertyKey[]): string[] {
	const shapes: Record<string, object> = {
		gateway: fleetSchema.shape.gateway.unwrap().shape,
		services: service.shape,
		upstreams: upstream.shape,
		aliases: { split: 0, fallback: 0 },
	};
	return Object.keys(shapes[String(path[0])] ?? fleetSchema.shape);
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
