import { Group, Text } from "@mantine/core";
import type { LiveReplica, LiveSequence } from "../api/fleet-types.ts";
import { EmptyState } from "../components/empty-state.tsx";
import { PlaygroundIcon } from "../components/icons.tsx";
import classes from "./sequence-table.module.css";

const most = 100;

/** What is in flight now, each with its tokens: shared, computed, still to compute, generated. */
export function SequenceTable({
	replicas,
}: {
	replicas: readonly LiveReplica[];
}) {
	const rows = replicas.flatMap(({ id, sequences }) =>
		sequences.map((sequence) => ({ replica: id, sequence })),
	);
	if (rows.length === 0)
		return (
			<EmptyState
				compact
				icon={PlaygroundIcon}
				title="Nothing in flight"
				description="Requests appear here while they are being answered."
			/>
		);
	const longest = Math.max(
		1,
		...rows.map(
			({ sequence }) => sequence.promptTokens + sequence.generatedTokens,
		),
	);
	return (
		<div>
			<ul
				className={classes.list}
				// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
				tabIndex={0}
				aria-label="Sequences in flight"
			>
				{rows.slice(0, most).map(({ replica, sequence }) => (
					<Row
						key={`${replica} ${sequence.id} ${sequence.choice}`}
						sequence={sequence}
						longest={longest}
					/>
				))}
			</ul>
			<Group gap="md" mt="sm">
				<Key kind="cached" text="from the prefix cache" />
				<Key kind="computed" text="prompt computed" />
				<Key kind="left" text="prompt still to compute" />
				<Key kind="generated" text="generated" />
				{rows.length > most && (
					<Text size="xs" c="dimmed">
						and {rows.length - most} more
					</Text>
				)}
			</Group>
		</div>
	);
}

interface RowProps {
	sequence: LiveSequence;
	longest: number;
}

/** Plain elements: a hundred of them change every second. */
function Row({ sequence, longest }: RowProps) {
	const { id, state, promptTokens, cachedTokens, generatedTokens } = sequence;
	const inCache = Math.min(promptTokens, sequence.computedTokens);
	const computed = Math.max(0, inCache - cachedTokens);
	const left = Math.max(0, promptTokens - cachedTokens - computed);
	const width = (tokens: number) => `${(tokens / longest) * 100}%`;
	const words = `${promptTokens} prompt (${cachedTokens} cached) + ${generatedTokens}`;
	return (
		<li className={classes.row}>
			<span className={classes.id} title={id}>
				{id}
			</span>
			<span className={classes.state} data-state={state}>
				{state === "waiting" && sequence.waitsFor !== null
					? `waits: ${sequence.waitsFor}`
					: state}
			</span>
			<div className={classes.track} title={words}>
				<div data-kind="cached" style={{ width: width(cachedTokens) }} />
				<div data-kind="computed" style={{ width: width(computed) }} />
				<div data-kind="left" style={{ width: width(left) }} />
				<div data-kind="generated" style={{ width: width(generatedTokens) }} />
			</div>
			<span className={classes.words}>
				{words}
				{sequence.preemptions > 0 && `, preempted ${sequence.preemptions}×`}
			</span>
			<span className={classes.age}>{Math.round(sequence.ageSeconds)} s</span>
		</li>
	);
}

function Key({ kind, text }: { kind: string; text: string }) {
	return (
		<Group gap={6} wrap="nowrap">
			<span className={classes.key} data-kind={kind} />
			<Text size="xs" c="dimmed">
				{text}
			</Text>
		</Group>
	);
}
