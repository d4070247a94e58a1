import { AppShell, Burger, Group, ScrollArea, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSession } from "../api/client.ts";
import { ErrorState } from "../components/error-state.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { ColorSchemeButton } from "./color-scheme-button.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Logo } from "./logo.tsx";
import { PageLoading } from "./page-loading.tsx";
import classes from "./shell.module.css";
import { Sidebar } from "./sidebar.tsx";
import { SignIn } from "./sign-in.tsx";

/** The frame around every page. Without a key, where one is needed, there is only the sign-in. */
export function Shell() {
	const [isOpen, menu] = useDisclosure(false);
	const { session, error, isPending, refetch } = useSession();
	const path = useRouterState({ select: ({ location }) => location.pathname });
	const { close } = menu;
	// biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the phone's menu
	useEffect(() => close(), [path, close]);

	if (session === null)
		return (
			<main className={classes.alone}>
				{isPending ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)}
			</main>
		);
	if (session.keysRequired && !session.signedIn) return <SignIn />;

	return (
		<AppShell
			header={{ height: { base: 56, sm: 0 } }}
			navbar={{
				width: 232,
				breakpoint: "sm",
				collapsed: { mobile: !isOpen },
			}}
			padding={0}
		>
			<a href="#main" className={classes.skip}>
				Skip to the page
			</a>
			<AppShell.Header hiddenFrom="sm" className={classes.header}>
				<Group h="100%" px="md" justify="space-between">
					<Logo />
					<Burger
						opened={isOpen}
						onClick={menu.toggle}
						size="sm"
						aria-label={isOpen ? "Close menu" : "Open menu"}
						aria-expanded={isOpen}
					/>
				</Group>
			</AppShell.Header>
			<AppShell.Navbar className={classes.navbar} aria-label="Console">
				<AppShell.Section visibleFrom="sm" p="md" pb="sm">
					<Logo />
				</AppShell.Section>
				<AppShell.Section grow component={ScrollArea} px="sm" py="xs">
					<Sidebar />
				</AppShell.Section>
				<AppShell.Section p="sm" className={classes.foot}>
					<Group justify="space-between" wrap="nowrap" gap="xs">
						<AccountMenu />
						<ColorSchemeButton />
					</Group>
					{session.version !== "" && (
						<Text size="xs" c="dimmed" mt={6} px={8}>
							Galley {session.version}
						</Text>
					)}
				</AppShell.Section>
			</AppShell.Navbar>
			<AppShell.Main id="main" tabIndex={-1} className={classes.main}>
				<ConnectionBanner />
				<div className={classes.page}>
					<Outlet />
				</div>
			</AppShell.Main>
		</AppShell>
	);
}
