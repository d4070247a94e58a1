import type { Scope } from "../api/client.ts";
import {
	BlueprintIcon,
	CatalogIcon,
	ClipboardIcon,
	FleetIcon,
	GaugeIcon,
	HomeIcon,
	type Icon,
	KeyIcon,
	PlaygroundIcon,
	TuneIcon,
	UsageIcon,
} from "../components/icons.tsx";

export interface Place {
	to:
		| "/"
		| "/catalog"
		| "/playground"
		| "/fleet"
		| "/benchmarks"
		| "/evaluations"
		| "/optimizations"
		| "/keys"
		| "/usage"
		| "/blueprints";
	title: string;
	icon: Icon;
	/** What a key must be for; null is anything. */
	needs: Scope | null;
	/** As the session names it; a gateway that has other features but not this one doesn't show it. */
	feature?: string;
}

/** The sidebar: groups of places, in the order of a model's life. */
export const places: readonly {
	title: string | null;
	places: readonly Place[];
}[] = [
	{
		title: null,
		places: [
			{ to: "/", title: "Home", icon: HomeIcon, needs: null },
			{
				to: "/catalog",
				title: "Catalog",
				icon: CatalogIcon,
				needs: null,
				feature: "catalog",
			},
			{
				to: "/playground",
				title: "Playground",
				icon: PlaygroundIcon,
				needs: "inference",
			},
			{
				to: "/blueprints",
				title: "Blueprints",
				icon: BlueprintIcon,
				needs: null,
			},
		],
	},
	{
		title: "Operate",
		places: [
			{ to: "/fleet", title: "Fleet", icon: FleetIcon, needs: "read" },
			{
				to: "/benchmarks",
				title: "Benchmarks",
				icon: GaugeIcon,
				needs: "read",
			},
			{
				to: "/evaluations",
				title: "Evaluations",
				icon: ClipboardIcon,
				needs: "read",
			},
			{
				to: "/optimizations",
				title: "Optimize",
				icon: TuneIcon,
				needs: "read",
				feature: "optimizations",
			},
		],
	},
	{
		title: "Access",
		places: [
			{
				to: "/keys",
				title: "Keys",
				icon: KeyIcon,
				needs: "admin",
				feature: "keys",
			},
			{
				to: "/usage",
				title: "Usage",
				icon: UsageIcon,
				needs: "read",
				feature: "usage",
			},
		],
	},
];
