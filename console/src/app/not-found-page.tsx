import { EmptyState } from "../components/empty-state.tsx";
import { SearchIcon } from "../components/icons.tsx";
import { LinkButton } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";

export function NotFoundPage() {
	return (
		<>
			<PageHeader title="Page not found" />
			<EmptyState
				icon={SearchIcon}
				title="There is nothing at this address"
				description="It may have moved, or the address has a typing mistake."
			>
				<LinkButton to="/">Go home</LinkButton>
			</EmptyState>
		</>
	);
}
