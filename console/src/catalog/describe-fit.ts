import type { CatalogFit } from "../api/catalog-types.ts";
import { formatBytes } from "../components/quantities.ts";

const verdicts = {
	fits: { color: "var(--mantine-color-teal-6)", text: "Fits this machine" },
	"too-big": {
		color: "var(--mantine-color-orange-6)",
		text: "Too big for this machine",
	},
	"not-served": {
		color: "var(--mantine-color-gray-6)",
		text: "Not served by Galley yet",
	},
	unknown: { color: "var(--mantine-color-gray-6)", text: "Need unknown" },
} as const;

/** Whether a model would run here, in one line; the colour only repeats the words. */
export function describeFit(fit: CatalogFit | undefined) {
	const { color, text } = verdicts[fit?.verdict ?? "unknown"];
	return {
		color,
		text:
			fit?.needBytes == null ? text : `${text} · ${formatBytes(fit.needBytes)}`,
	};
}
