import { useMemo } from "react";
import classes from "./code-block.module.css";
import { CopyButton } from "./copy-button.tsx";
import { highlight } from "./highlight.ts";

interface CodeBlockProps {
	code: string;
	/** `python`, `javascript`, `bash`, `json`, `yaml`, `text`. */
	language?: string;
	/** For screen readers. */
	label?: string;
	maxHeight?: number;
	/** Prose: its long lines go on below. */
	wraps?: boolean;
}

/** Code to read and to copy. */
export function CodeBlock({
	code,
	language = "text",
	label = "Code",
	maxHeight,
	wraps = false,
}: CodeBlockProps) {
	const pieces = useMemo(
		() =>
			language === "text"
				? [{ text: code, kind: "plain" as const }]
				: highlight(code, language),
		[code, language],
	);
	return (
		<div className={classes.block}>
			<div className={classes.copy}>
				<CopyButton value={code} label={`Copy ${label.toLowerCase()}`} />
			</div>
			{/* A box that scrolls has to be reachable with the keyboard. */}
			<section
				className={classes.scroll}
				style={{ maxHeight }}
				// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
				tabIndex={0}
				aria-label={label}
			>
				<pre className={classes.code} data-wraps={wraps}>
					<code>
						{pieces.map(({ text, kind }, index) => (
							<span
								// biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other identity
								key={index}
								data-kind={kind}
							>
								{text}
							</span>
						))}
					</code>
				</pre>
			</section>
		</div>
	);
}
