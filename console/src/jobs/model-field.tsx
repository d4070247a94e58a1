import { NativeSelect } from "@mantine/core";
import { useState } from "react";

/** Which model a run is about: the one that was asked for, else the first. */
export function useChosenModel(
	names: readonly string[],
	first: string | undefined,
) {
	const [chosen, choose] = useState(first ?? "");
	const model = chosen === "" ? (names[0] ?? "") : chosen;
	return { model, choose, names };
}

export function ModelField({
	model,
	choose,
	names,
}: ReturnType<typeof useChosenModel>) {
	return (
		<NativeSelect
			label="Model"
			value={model}
			onChange={({ currentTarget }) => choose(currentTarget.value)}
			data={[...new Set(model === "" ? names : [model, ...names])]}
			{...(names.length === 0
				? { error: "Nothing is served yet: deploy a model first." }
				: {})}
			required
		/>
	);
}
