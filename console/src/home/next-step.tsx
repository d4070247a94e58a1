import { Card, type CardProps, Group, Text, ThemeIcon } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";
import type { Icon } from "../components/icons.tsx";
import classes from "./home.module.css";

type CardLinkProps = CardProps &
	Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof CardProps> & {
		ref?: Ref<HTMLAnchorElement>;
	};

const CardLink = createLink((props: CardLinkProps) => (
	<Card component="a" {...props} />
));

interface NextStepProps {
	to: "/catalog" | "/benchmarks" | "/keys" | "/blueprints";
	search: { fits?: boolean };
	icon: Icon;
	title: string;
	text: string;
}

export function NextStep({
	to,
	search,
	icon: Picture,
	title,
	text,
}: NextStepProps) {
	return (
		<CardLink to={to} search={search} className={classes.step} padding="md">
			<Group gap="sm" wrap="nowrap" align="flex-start">
				<ThemeIcon variant="light" size={36} aria-hidden="true">
					<Picture />
				</ThemeIcon>
				<div>
					<Text fw={600}>{title}</Text>
					<Text size="sm" c="dimmed">
						{text}
					</Text>
				</div>
			</Group>
		</CardLink>
	);
}
