import { Group, Stack, Text } from "@mantine/core";
import {
	type KeyboardEvent,
	type MouseEvent,
	memo,
	useId,
	useMemo,
	useState,
} from "react";
import {
	bandTitles,
	surenessOf,
	type TokenView as TokenFacts,
	toTokenViews,
} from "../logic/logprob-view.ts";
import type { TokenLogprob } from "../logic/wire.ts";
import classes from "./token-view.module.css";

/** An answer's tokens, coloured by how likely each was; the chosen one with what could have stood there instead. */
export const TokenView = memo(function TokenView({
	logprobs,
}: {
	logprobs: readonly TokenLogprob[];
}) {
	const id = useId();
	const views = useMemo(() => toTokenViews(logprobs), [logprobs]);
	const sureness = useMemo(() => surenessOf(logprobs), [logprobs]);
	const [active, setActive] = useState(0);
	const view = views[active];

	// One place in the order of tabs for all tokens: there may be thousands.
	const onKeyDown = (event: KeyboardEvent) => {
		const last = views.length - 1;
		const next = {
			ArrowRight: Math.min(last, active + 1),
			ArrowDown: Math.min(last, active + 1),
			ArrowLeft: Math.max(0, active - 1),
			ArrowUp: Math.max(0, active - 1),
			Home: 0,
			End: last,
		}[event.key];
		if (next === undefined) return;
		event.preventDefault();
		setActive(next);
	};
	const onPoint = (event: MouseEvent) => {
		const token = (event.target as Element).closest("[data-index]");
		if (token !== null) setActive(Number(token.getAttribute("data-index")));
	};

	return (
		<Stack gap="xs">
			<Legend />
			<div
				className={classes.tokens}
				role="listbox"
				tabIndex={0}
				aria-label="Tokens by probability; arrow keys choose one"
				aria-activedescendant={`${id}-${active}`}
				onKeyDown={onKeyDown}
				onClick={onPoint}
				onMouseOver={onPoint}
				onFocus={() => {}}
			>
				<Tokens id={id} views={views} active={active} />
			</div>
			{view !== undefined && <Details view={view} />}
			{sureness !== null && (
				<Text size="xs" c="dimmed">
					{sureness.tokens} tokens, on average{" "}
					{percent(sureness.meanProbability)} likely; perplexity{" "}
					{sureness.perplexity.toFixed(2)}
				</Text>
			)}
		</Stack>
	);
});

function Tokens({
	id,
	views,
	active,
}: {
	id: string;
	views: readonly TokenFacts[];
	active: number;
}) {
	return views.map(({ label, probability, band, endsLine }, index) => (
		<span
			// biome-ignore lint/suspicious/noArrayIndexKey: a token's place is what it is
			key={index}
		>
			{/* biome-ignore lint/a11y/useFocusableInteractive: the list has the focus */}
			<span
				id={`${id}-${index}`}
				role="option"
				aria-selected={index === active}
				aria-label={`${label}, ${probability === null ? "unknown" : percent(probability)}`}
				className={classes.token}
				data-index={index}
				data-band={band ?? undefined}
				data-active={index === active || undefined}
			>
				{label}
			</span>
			{endsLine && <br />}
		</span>
	));
}

function Details({ view }: { view: TokenFacts }) {
	return (
		<div className={classes.details}>
			<Text size="sm" mb={6}>
				<code>{view.label}</code>:{" "}
				{view.probability === null
					? "the first token; nothing came before it"
					: percent(view.probability)}
			</Text>
			<Stack gap={4}>
				{view.alternatives.map(({ label, probability, isChosen }) => (
					<div
						key={label}
						className={classes.bar}
						data-chosen={isChosen || undefined}
					>
						<code>{label}</code>
						<div className={classes.track}>
							<div
								className={classes.fill}
								style={{ width: `${Math.max(0.5, probability * 100)}%` }}
							/>
						</div>
						<span>{percent(probability)}</span>
					</div>
				))}
			</Stack>
		</div>
	);
}

function Legend() {
	return (
		<Group gap="sm">
			{bandTitles.map((title, band) => (
				<Group key={title} gap={5} wrap="nowrap">
					<span className={classes.swatch} data-band={band} />
					<Text size="xs" c="dimmed">
						{title}
					</Text>
				</Group>
			))}
		</Group>
	);
}

function percent(probability: number): string {
	const value = probability * 100;
	return `${value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : "< 0.1"} %`;
}
