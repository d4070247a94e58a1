import type { ReactNode } from "react";

/** What is wider than the screen scrolls by itself, with the keyboard too. */
export function ScrollBox({
	label,
	children,
}: {
	label: string;
	children: ReactNode;
}) {
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
		<section className="galley-scroll-x" tabIndex={0} aria-label={label}>
			{children}
		</section>
	);
}
