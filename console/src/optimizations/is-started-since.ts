import type { Service } from "../api/fleet-types.ts";

/** Whether a service runs, and each of its processes is younger than that moment. */
export function isStartedSince(
	{ replicas }: Pick<Service, "replicas">,
	moment: string,
	/** When its ages were told, in milliseconds since 1970. */
	toldAt: number,
): boolean {
	const running = replicas.filter(({ pid }) => pid !== null);
	return (
		running.length > 0 &&
		running.every(
			({ ageSeconds }) => toldAt - ageSeconds * 1000 > Date.parse(moment),
		)
	);
}
