import { Text } from "@mantine/core";
import { Component, lazy, type ReactNode, Suspense } from "react";
import { toDrawable } from "../logic/display-text.ts";
import classes from "./chat.module.css";

const Markdown = lazy(async () => ({
	default: (await import("./markdown.tsx")).Markdown,
}));

/** An answer as Markdown; as plain text while the renderer is fetched, when it fails, and where Markdown would take too long. */
export function AnswerText({ text }: { text: string }) {
	const drawable = toDrawable(text);
	const asItIs = <div className={classes.plain}>{drawable.text}</div>;
	if (drawable.kind === "plain") return asItIs;
	return (
		<>
			<Shelter fallback={asItIs}>
				<Suspense fallback={asItIs}>
					<Markdown text={drawable.text} />
				</Suspense>
			</Shelter>
			{drawable.hiddenRows > 0 && (
				<Text size="xs" c="dimmed" mt={4}>
					{drawable.hiddenRows} more rows of this table are not drawn: see Raw.
				</Text>
			)}
		</>
	);
}

/** What a model wrote must not take the page down, nor must a renderer that could not be fetched. */
class Shelter extends Component<
	{ fallback: ReactNode; children: ReactNode },
	{ hasFailed: boolean }
> {
	override state = { hasFailed: false };

	static getDerivedStateFromError() {
		return { hasFailed: true };
	}

	override render() {
		return this.state.hasFailed ? this.props.fallback : this.props.children;
	}
}
