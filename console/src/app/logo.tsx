import { Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import classes from "./logo.module.css";

export function Logo() {
	return (
		<Link to="/" className={classes.logo} aria-label="Galley, home">
			<Group gap={10} wrap="nowrap">
				<svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
					<rect width="32" height="32" rx="8" fill="#0b7683" />
					<path d="M6 19h20c-1.500 4-4.500 6-10 6S7.500 23 6 19z" fill="#fff" />
					<path d="M15 6v11H8z" fill="#97e3ec" />
					<path d="M17.500 8.500V17H24z" fill="#fff" />
				</svg>
				<Text fw={700} size="lg" lh={1} style={{ letterSpacing: -0.2 }}>
					Galley
				</Text>
			</Group>
		</Link>
	);
}
