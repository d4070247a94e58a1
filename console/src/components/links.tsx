import {
	Anchor,
	type AnchorProps,
	Button,
	type ButtonProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type AnchorAttributes = Omit<
	AnchorHTMLAttributes<HTMLAnchorElement>,
	keyof AnchorProps | keyof ButtonProps
> & { ref?: Ref<HTMLAnchorElement> };

/** A link of the console in a paragraph or a table. */
export const TextLink = createLink((props: AnchorProps & AnchorAttributes) => (
	<Anchor {...props} />
));

/** A link of the console that looks like a button. */
export const LinkButton = createLink(
	(props: ButtonProps & AnchorAttributes) => (
		<Button component="a" {...props} />
	),
);

interface OutsideLinkProps {
	href: string;
	children: string;
}

/** A link that leaves the console: in a new tab, and without telling where from. */
export function OutsideLink({ href, children }: OutsideLinkProps) {
	if (!/^https?:\/\//.test(href)) return <span>{children}</span>;
	return (
		<Anchor
			href={href}
			target="_blank"
			rel="noreferrer noopener"
			inherit
			style={{ overflowWrap: "anywhere" }}
		>
			{children}
		</Anchor>
	);
}
