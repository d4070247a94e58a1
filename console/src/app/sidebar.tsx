import { NavLink, type NavLinkProps, Stack, Text } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { useSession } from "../api/client.ts";
import { places } from "./navigation.ts";
import classes from "./sidebar.module.css";

interface PlaceLinkProps extends Omit<NavLinkProps, "active"> {
	/** The router's word for where we are. */
	"data-status"?: string;
}

const PlaceLink = createLink((props: PlaceLinkProps) => (
	<NavLink
		component="a"
		active={props["data-status"] === "active"}
		{...props}
	/>
));

export function Sidebar() {
	const { session, mayAdmin, mayInfer, mayRead } = useSession();
	const features = session?.features ?? [];
	const may = { admin: mayAdmin, inference: mayInfer, read: mayRead };
	return (
		<Stack gap="md">
			{places.map(({ title, places: group }) => {
				const shown = group.filter(
					({ needs, feature }) =>
						(needs === null || may[needs]) &&
						(feature === undefined ||
							features.length === 0 ||
							features.includes(feature)),
				);
				if (shown.length === 0) return null;
				return (
					<div key={title ?? ""}>
						{title !== null && (
							<Text size="xs" c="dimmed" fw={600} px="sm" pb={4}>
								{title}
							</Text>
						)}
						<Stack gap={2}>
							{shown.map(({ to, title: name, icon: Icon }) => (
								<PlaceLink
									key={to}
									to={to}
									label={name}
									leftSection={<Icon />}
									className={classes.link}
									activeOptions={{ exact: to === "/" }}
									variant="light"
								/>
							))}
						</Stack>
					</div>
				);
			})}
		</Stack>
	);
}
