import { useCatalogEntries } from "../api/catalog-queries.ts";
import { CodeSamples } from "../components/code-samples.tsx";
import type { SampleTask } from "../components/sample-code.ts";
import { recommendedSettings } from "./recommended-settings.ts";

interface ServiceCodeProps {
	name: string;
	/** What it runs; a path or a hub's address stands in no catalog. */
	model: string | undefined;
	task: SampleTask;
	maxHeight?: number;
}

/** How a service is asked from code, with the settings that its model's publisher recommends. */
export function ServiceCode({ name, model = "", ...rest }: ServiceCodeProps) {
	const [entry] = useCatalogEntries(/^[\w.-]+$/.test(model) ? [model] : []);
	return (
		<CodeSamples
			model={name}
			settings={
				entry?.data === undefined ? {} : recommendedSettings(entry.data)
			}
			{...rest}
		/>
	);
}
