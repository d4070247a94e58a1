import { useCatalogEntries } from "../../api/catalog-queries.ts";
import { useFleet, useServedModels } from "../../api/fleet-queries.ts";
import { toPlaygroundModels } from "../logic/model-choice.ts";

/** What can be asked now, with what the fleet and the catalog know about it. Either may be closed to this key: then less is known. */
export function usePlaygroundModels() {
	const served = useServedModels();
	const fleet = useFleet();
	const services = fleet.data?.services ?? [];
	const ids = new Set(
		(served.data ?? [])
			.filter(({ parent }) => parent === null)
			// An alias or an upstream's model stands in no catalog.
			.map(({ id }) => services.find(({ name }) => name === id)?.model ?? "")
			.filter((model) => /^[\w.-]+$/.test(model)),
	);
	const entries = useCatalogEntries([...ids]);
	return {
		models: toPlaygroundModels({
			served: served.data ?? [],
			services,
			entries: entries.flatMap(({ data }) => data ?? []),
		}),
		isPending: served.isPending,
		error: served.data === undefined ? served.error : null,
		retry: () => void served.refetch(),
	};
}
