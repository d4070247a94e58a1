import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";

const model = z.string().min(1).max(200);
const counts = z.array(z.int().min(1).max(1024)).min(1).max(16);

export const benchmarkRequest = z
	.strictObject({
		model,
		endpoint: z.enum(["chat", "completions"]).default("chat"),
		/** Requests kept in flight; each makes a stage. */
		concurrency: counts.optional(),
		/** Requests a second instead. */
		requestRate: z.array(z.number().positive().max(10_000)).max(16).optional(),
		requests: z.int().min(1).max(100_000).optional(),
		durationSeconds: z.number().positive().max(3600).optional(),
		inputTokens: z.int().min(1).max(1_000_000).optional(),
		prefixTokens: z.int().min(0).max(1_000_000).optional(),
		outputTokens: z.int().min(1).max(1_000_000).optional(),
		seed: z.int().optional(),
	})
	.refine(
		({ concurrency, requestRate }) =>
			concurrency === undefined || requestRate === undefined,
		{
			path: ["requestRate"],
			message: "either 'concurrency' or 'requestRate', not both",
		},
	);

export const evaluationRequest = z.strictObject({
	model,
	/** JSON lines. */
	questions: z.string().min(1),
	concurrency: z.int().min(1).max(64).optional(),
	maxTokens: z.int().min(1).max(8192).optional(),
	temperature: z.number().min(0).max(2).optional(),
	system: z.string().max(10_000).optional(),
});

/** A number, or `off` for no limit, as `galley optimize` writes it. */
const limit = z.union([z.number().min(0), z.literal("off")]);

/** In the words of `galley optimize`; `model` is a service of this fleet. */
export const optimizationRequest = z.strictObject({
	model,
	precisions: z
		.array(z.string().regex(/^[A-Za-z0-9_]{1,16}$/))
		.min(1)
		.max(16)
		.optional(),
	concurrency: z.array(z.int().min(1).max(256)).min(1).max(8).optional(),
	inputTokens: z.int().min(1).max(1_000_000).optional(),
	outputTokens: z.int().min(2).max(1_000_000).optional(),
	prefixTokens: z.int().min(0).max(1_000_000).optional(),
	targetItlMs: z.int().min(1).max(60_000).optional(),
	targetTtftMs: z.number().min(1).max(600_000).optional(),
	maxKl: limit.optional(),
	maxPerplexityLoss: limit.optional(),
	maxMemory: z.int().min(1).optional(),
	windows: z.int().min(1).max(1000).optional(),
	repeats: z.int().min(1).max(20).optional(),
	minutes: z.number().min(0.1).max(1440).optional(),
	/** Forget what was measured before. */
	fresh: z.boolean().optional(),
});

/** A body in its shape; `invalid_request` names the field that isn't. */
export function readRequest<Shape extends z.ZodType>(
	shape: Shape,
	body: unknown,
): z.infer<Shape> {
	const result = shape.safeParse(body);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	const unknown =
		issue?.code === "unrecognized_keys" ? (issue.keys[0] ?? "") : null;
	const param = unknown ?? issue?.path.join(".") ?? "";
	throw new GalleyError(
		"invalid_request",
		unknown === null
			? `'${param}': ${issue?.message ?? "not valid"}.`
			: `'${unknown}' is not known here. Known: ${knownKeys(shape)}.`,
		{ param },
	);
}

function knownKeys(shape: z.ZodType): string {
	return shape instanceof z.ZodObject
		? Object.keys(shape.shape).join(", ")
		: "see /openapi.json";
}

/** `{ inputTokens: 128, fresh: true }` as `--input-tokens=128 --fresh`. */
export function toFlags(request: Readonly<Record<string, unknown>>): string[] {
	return Object.entries(request)
		.filter(([, value]) => value !== undefined && value !== false)
		.map(([name, value]) => {
			const flag = `--${name.replaceAll(
				/[A-Z]/g,
				(letter) => `-${letter.toLowerCase()}`,
			)}`;
			if (value === true) return flag;
			return `${flag}=${Array.isArray(value) ? value.join(",") : String(value)}`;
		});
}
