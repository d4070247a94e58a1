import { Anchor } from "@mantine/core";
import { isValidElement, memo, type ReactNode } from "react";
import { type Components, Streamdown } from "streamdown";
import { CodeBlock } from "../../components/code-block.tsx";
import { ImageIcon } from "../../components/icons.tsx";
import { safeLink } from "../logic/display-text.ts";
import classes from "./markdown.module.css";

/**
 * What a model wrote, as Markdown. A model may write anything, so: HTML is shown, never parsed (there is no plugin that
 * would); links lead to pages and mailboxes only; pictures are named, never loaded, because loading one tells its host who
 * reads what.
 */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
	return (
		<div className={classes.markdown}>
			<Streamdown
				components={components}
				rehypePlugins={noPlugins}
				urlTransform={transformUrl}
				controls={false}
				linkSafety={noModal}
			>
				{text}
			</Streamdown>
		</div>
	);
});

const noPlugins: [] = [];
const noModal = { enabled: false };
const transformUrl = (url: string) => safeLink(url) ?? "";

const components: Components = {
	a: ({ href, children }) => {
		const link = safeLink(href);
		if (link === null) return <span>{children}</span>;
		return (
			<Anchor
				href={link}
				target="_blank"
				rel="noopener noreferrer nofollow"
				title={link}
			>
				{children}
			</Anchor>
		);
	},
	img: ({ src, alt }) => {
		const link = safeLink(typeof src === "string" ? src : undefined);
		return (
			<span className={classes.image}>
				<ImageIcon size={14} />
				{alt === undefined || alt === "" ? "Picture" : alt}
				{link !== null && (
					<Anchor
						href={link}
						target="_blank"
						rel="noopener noreferrer nofollow"
						size="xs"
					>
						open
					</Anchor>
				)}
			</span>
		);
	},
	inlineCode: ({ children }) => (
		<code className={classes.inlineCode}>{children}</code>
	),
	code: ({ className, children }) => {
		const language = /language-([\w+-]+)/.exec(className ?? "")?.[1] ?? "text";
		return (
			<div className={classes.code}>
				<CodeBlock
					code={plainText(children).replace(/\n$/, "")}
					language={language}
					label={language === "text" ? "Code" : `${language} code`}
				/>
			</div>
		);
	},
	table: ({ children }) => (
		<section
			className={classes.table}
			// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
			tabIndex={0}
			aria-label="Table"
		>
			<table>{children}</table>
		</section>
	),
	// The page's own headings are h1 and h2.
	h1: ({ children }) => <h3>{children}</h3>,
	h2: ({ children }) => <h4>{children}</h4>,
	h3: ({ children }) => <h5>{children}</h5>,
	h4: ({ children }) => <h6>{children}</h6>,
	h5: ({ children }) => <h6>{children}</h6>,
	h6: ({ children }) => <h6>{children}</h6>,
	ul: plain("ul"),
	ol: ({ children, start }) => <ol start={start}>{children}</ol>,
	li: plain("li"),
	blockquote: plain("blockquote"),
	thead: plain("thead"),
	tbody: plain("tbody"),
	tr: plain("tr"),
	th: ({ children, style }) => <th style={style}>{children}</th>,
	td: ({ children, style }) => <td style={style}>{children}</td>,
	hr: () => <hr />,
	strong: plain("strong"),
};

/** An element without the classes that the library gives it for another style sheet. */
function plain(
	Tag: "ul" | "li" | "blockquote" | "thead" | "tbody" | "tr" | "strong",
) {
	return ({ children }: { children?: ReactNode; node?: unknown }) => (
		<Tag>{children}</Tag>
	);
}

function plainText(node: ReactNode): string {
	if (typeof node === "string" || typeof node === "number") return String(node);
	if (Array.isArray(node)) return node.map(plainText).join("");
	if (isValidElement<{ children?: ReactNode }>(node))
		return plainText(node.props.children);
	return "";
}
