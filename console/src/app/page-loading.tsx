import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";

/** A page that is on its way: its shape, without a jumping spinner. */
export function PageLoading() {
	return (
		<Stack gap="lg" aria-busy="true">
			<VisuallyHidden role="status">Loading</VisuallyHidden>
			<Skeleton height={32} width={220} />
			<Skeleton height={96} />
			<Skeleton height={240} />
		</Stack>
	);
}
