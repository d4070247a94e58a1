import { z } from "zod";

/** `gateway.hooks` of a fleet file: asked in this order. */
export const hooksSchema = z
	.array(
		z.strictObject({
			/** A module, relative to the fleet file. */
			module: z.string().min(1).max(1000),
			/** Handed to the module. */
			options: z.record(z.string(), z.unknown()).default({}),
			/** How long each call may take. */
			timeoutMs: z.int().min(1).max(600_000).default(1000),
			/** Whether a request goes on when the hook fails. */
			onError: z.enum(["refuse", "continue"]).default("refuse"),
		}),
	)
	.max(64)
	.default([]);

/** `gateway.capture`: nothing is captured without it. */
export const captureSchema = z
	.strictObject({
		/** Relative to the fleet file; in the data directory where left out. */
		directory: z.string().min(1).max(1000).optional(),
		/** Share of the requests. */
		sampling: z.number().min(0).max(1).default(1),
		maxFileBytes: z.int().min(1000).default(64_000_000),
		maxFiles: z.int().min(1).max(10_000).default(10),
		/** Of a request and of an answer, each. */
		maxBodyBytes: z.int().min(0).max(16_000_000).default(65_536),
		/** E-mail addresses, card numbers, keys and passwords are taken out. */
		redact: z.boolean().default(true),
	})
	.nullable()
	.default(null);

/** `gateway.tracing`: wins over the environment's variables. */
export const tracingSchema = z
	.strictObject({
		/** An OTLP/HTTP collector. */
		endpoint: z.url({ protocol: /^https?$/ }).optional(),
		serviceName: z.string().min(1).max(200).optional(),
	})
	.nullable()
	.default(null);
