import { Button, Group, NativeSelect, Switch, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { api, isAbort } from "../api/client.ts";
import { useLogs } from "../api/fleet-queries.ts";
import type { LogLine, Service } from "../api/fleet-types.ts";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { DownloadIcon, ListIcon, SearchIcon } from "../components/icons.tsx";
import { saveFile } from "../components/save-file.ts";
import { Section } from "../components/section.tsx";
import classes from "./fleet.module.css";
import { plainLine } from "./plain-line.ts";

const mostLines = 2000;

export function LogPanel({ service }: { service: Service }) {
	const { name, replicas } = service;
	const [isFollowing, setIsFollowing] = useState(true);
	const [replica, setReplica] = useState("");
	const [word, setWord] = useState("");
	const first = useLogs(name, 200);
	const news = useNewLines(name, isFollowing && first.data !== undefined);
	const box = useRef<HTMLElement>(null);
	const lines = [...(first.data ?? []), ...news].filter(
		(line) =>
			(replica === "" || line.replica === replica) &&
			line.text.toLowerCase().includes(word.toLowerCase()),
	);
	const { length } = lines;
	useEffect(() => {
		if (isFollowing && length > 0)
			box.current?.scrollTo(0, box.current.scrollHeight);
	}, [isFollowing, length]);
	if (first.error !== null)
		return (
			<ErrorState error={first.error} onRetry={() => void first.refetch()} />
		);
	return (
		<Section
			title="Logs"
			actions={
				<Button
					variant="default"
					size="xs"
					leftSection={<DownloadIcon size={16} />}
					disabled={length === 0}
					onClick={() =>
						saveFile(`${name}.log`, lines.map(asText).join("\n"), "text/plain")
					}
				>
					Download
				</Button>
			}
		>
			<Group gap="sm" mb="sm">
				<TextInput
					aria-label="Only lines with"
					placeholder="Only lines with …"
					leftSection={<SearchIcon size={16} />}
					value={word}
					onChange={({ currentTarget }) => setWord(currentTarget.value)}
					style={{ flex: "1 1 200px" }}
				/>
				<NativeSelect
					aria-label="Replica"
					value={replica}
					onChange={({ currentTarget }) => setReplica(currentTarget.value)}
					data={[
						{ value: "", label: "All replicas" },
						...replicas.map(({ id }) => ({ value: id, label: id })),
					]}
				/>
				<Switch
					label="Follow"
					checked={isFollowing}
					onChange={({ currentTarget }) =>
						setIsFollowing(currentTarget.checked)
					}
				/>
			</Group>
			{length === 0 && first.data !== undefined ? (
				<EmptyState compact icon={ListIcon} title="No lines" />
			) : (
				<section
					ref={box}
					className={classes.logs}
					// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
					tabIndex={0}
					aria-label={`Log of ${name}`}
				>
					{lines.map((line, place) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
						<div key={place}>
							<span className={classes.stamp}>
								{line.at.slice(11, 23)}{" "}
								{replicas.length > 1 && `${line.replica} `}
							</span>
							{plainLine(line.text)}
						</div>
					))}
				</section>
			)}
		</Section>
	);
}

function asText({ at, replica, text }: LogLine): string {
	return `${at} ${replica} ${plainLine(text)}`;
}

/** Lines written since somebody looks. */
function useNewLines(name: string, isOn: boolean): readonly LogLine[] {
	const [lines, setLines] = useState<readonly LogLine[]>([]);
	useEffect(() => {
		if (!isOn) return;
		const controller = new AbortController();
		const follow = async () => {
			try {
				for await (const { data } of api.stream(
					`/v1/fleet/services/${encodeURIComponent(name)}/logs`,
					{ query: { follow: true, lines: 0 }, signal: controller.signal },
				)) {
					const line = JSON.parse(data) as LogLine;
					setLines((before) => [...before, line].slice(-mostLines));
				}
			} catch (error) {
				// What was read stays; the switch starts following again.
				if (!isAbort(error)) return;
			}
		};
		void follow();
		return () => controller.abort();
	}, [name, isOn]);
	return lines;
}
