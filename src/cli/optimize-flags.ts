import { GalleyError } from "../core/errors.ts";
import {
	type Precision,
	precisionNames,
	toPrecisionName,
} from "../engine/llama/precisions.ts";

/** `Q8_0,q4_k_m` to precisions; GalleyError names the one that isn't. */
export function parsePrecisions(text: string): Precision[] {
	return text.split(",").map((written) => {
		const precision = toPrecisionName(written);
		if (precision !== null) return precision;
		throw new GalleyError(
			"invalid_request",
			`"${written.trim()}" is no precision that can be made. There are: ${precisionNames.join(", ")}.`,
			{ param: "precisions" },
		);
	});
}

/** `1,8` to whole numbers, ascending and each once. */
export function parseConcurrencies(text: string): number[] {
	const counts = text.split(",").map((part) => Number(part.trim()));
	if (
		counts.length === 0 ||
		!counts.every(
			(count) => Number.isInteger(count) && count >= 1 && count <= 256,
		)
	)
		throw new GalleyError(
			"invalid_request",
			`--concurrency takes whole numbers from 1 to 256, such as 1,8; not "${text}".`,
			{ param: "concurrency" },
		);
	return [...new Set(counts)].sort((left, right) => left - right);
}

/** A number of at least `least`. */
export function numberFlag(
	name: string,
	{ least, whole = false }: { least: number; whole?: boolean },
): (text: string) => number {
	return (text) => {
		const value = text.trim() === "" ? Number.NaN : Number(text);
		if (
			Number.isFinite(value) &&
			value >= least &&
			(!whole || Number.isInteger(value))
		)
			return value;
		throw new GalleyError(
			"invalid_request",
			`--${name} must be a ${whole ? "whole number" : "number"} of at least ${least}, not "${text}".`,
			{ param: name },
		);
	};
}

/** A number, or `off` for no limit: a word, since the parser of flags takes null for a flag without a value. */
export function limitFlag(name: string): (text: string) => number | "off" {
	const parse = numberFlag(name, { least: 0 });
	return (text) => (text.trim().toLowerCase() === "off" ? "off" : parse(text));
}

export function toLimit(written: number | "off"): number | null {
	return written === "off" ? null : written;
}
