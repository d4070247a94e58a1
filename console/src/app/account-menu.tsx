import { Badge, Button, Group, Menu, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useSession } from "../api/client.ts";
import { forgetKey } from "../api/key-storage.ts";
import { EyeIcon, LockIcon, UserIcon } from "../components/icons.tsx";

/** Who we are here, and the way out. */
export function AccountMenu() {
	const { session, mayAdmin } = useSession();
	const queries = useQueryClient();
	if (session === null) return null;
	if (!session.keysRequired)
		return (
			<Group gap={8} px={8} wrap="nowrap" c="dimmed">
				<UserIcon />
				<Text size="sm">This machine</Text>
			</Group>
		);
	const { principal } = session;
	const signOut = () => {
		forgetKey();
		void queries.resetQueries();
	};
	return (
		<Menu position="top-start" width={220}>
			<Menu.Target>
				<Button
					variant="subtle"
					color="gray"
					px={8}
					leftSection={<UserIcon />}
					rightSection={
						mayAdmin ? undefined : (
							<Badge color="gray" size="sm">
								read only
							</Badge>
						)
					}
				>
					{principal?.name ?? "Account"}
				</Button>
			</Menu.Target>
			<Menu.Dropdown>
				<Menu.Label>
					{principal?.tenant ?? ""} · {principal?.scopes.join(", ") ?? ""}
				</Menu.Label>
				{!mayAdmin && (
					<Menu.Label>
						<Group gap={6} wrap="nowrap">
							<EyeIcon size={14} /> You may look, not change.
						</Group>
					</Menu.Label>
				)}
				<Menu.Item leftSection={<LockIcon size={16} />} onClick={signOut}>
					Sign out
				</Menu.Item>
			</Menu.Dropdown>
		</Menu>
	);
}
