import { GalleyError } from "../../core/errors.ts";

/**
 * One value for fields that may come twice. Given twice they must agree: letting one of them win would ignore the
 * other silently.
 */
export function mergeExtensions<
	Body extends { nvext?: Readonly<Record<string, unknown>> | null | undefined },
>(body: Body): Body {
	const { nvext } = body;
	if (nvext === undefined || nvext === null) return body;
	const merged: Record<string, unknown> = { ...body };
	for (const [name, value] of Object.entries(nvext)) {
		if (value === undefined || value === null) continue;
		const outer = merged[name];
		if (outer !== undefined && outer !== null)
			requireEqual(name, outer, `nvext.${name}`, value);
		merged[name] = value;
	}
	return merged as Body;
}

export function requireEqual(
	name: string,
	value: unknown,
	otherName: string,
	other: unknown,
): void {
	if (JSON.stringify(value) === JSON.stringify(other)) return;
	const message = `'${name}' and '${otherName}' say different things: send only one of them.`;
	throw new GalleyError("invalid_request", message, { param: otherName });
}
