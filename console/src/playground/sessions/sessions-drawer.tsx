import {
	ActionIcon,
	Alert,
	Button,
	Drawer,
	FileButton,
	Group,
	Stack,
	Text,
	TextInput,
	Tooltip,
	UnstyledButton,
} from "@mantine/core";
import { useRef, useState } from "react";
import { EmptyState } from "../../components/empty-state.tsx";
import {
	CheckIcon,
	DownloadIcon,
	ListIcon,
	PencilIcon,
	PlusIcon,
	TrashIcon,
} from "../../components/icons.tsx";
import { formatBytes, formatTime } from "../../components/quantities.ts";
import type { OpenedFile, Panel } from "../logic/session-file.ts";
import type { SessionSummary } from "../logic/session-store.ts";
import { openSessionFile } from "./session-files.ts";
import classes from "./sessions.module.css";
import type { PanelSession } from "./use-panel-session.ts";

interface SessionsDrawerProps {
	panel: Panel;
	panelSession: PanelSession<Panel>;
	isOpen: boolean;
	onClose: () => void;
	/** A file that belongs to another panel. */
	onForeign: (file: OpenedFile) => void;
}

/** The sessions of a panel that this browser keeps. */
export function SessionsDrawer({
	panel,
	panelSession,
	isOpen,
	onClose,
	onForeign,
}: SessionsDrawerProps) {
	const { session, sessions, isLasting, open, start, take, rename, remove } =
		panelSession;
	const [problem, setProblem] = useState<string | null>(null);
	const resetFile = useRef<() => void>(null);
	const mine = sessions.filter((one) => one.panel === panel);
	const total = sessions.reduce((sum, { size }) => sum + size, 0);

	const onFile = async (file: File | null) => {
		resetFile.current?.();
		if (file === null) return;
		const opened = await openSessionFile(file);
		if (typeof opened === "string") {
			setProblem(opened);
			return;
		}
		setProblem(null);
		if (opened.panel === panel) take(opened);
		else onForeign(opened);
		onClose();
	};

	return (
		<Drawer
			opened={isOpen}
			onClose={onClose}
			position="right"
			size="min(400px, 100%)"
			title="Sessions"
			closeButtonProps={{ "aria-label": "Close sessions" }}
		>
			<Stack gap="sm">
				<Group gap="xs" grow>
					<Button
						variant="default"
						leftSection={<PlusIcon size={16} />}
						onClick={() => {
							start();
							onClose();
						}}
					>
						New
					</Button>
					<FileButton
						resetRef={resetFile}
						accept="application/json,.json"
						onChange={(file) => void onFile(file)}
					>
						{(props) => (
							<Button
								{...props}
								variant="default"
								leftSection={
									<DownloadIcon
										size={16}
										style={{ transform: "rotate(180deg)" }}
									/>
								}
							>
								Open a file
							</Button>
						)}
					</FileButton>
				</Group>
				{problem !== null && (
					<Alert role="alert" color="red">
						{problem}
					</Alert>
				)}
				{!isLasting && (
					<Alert color="yellow">
						This browser keeps nothing: sessions are gone when the page is left.
						Share as a file what you want to keep.
					</Alert>
				)}
				{mine.length === 0 ? (
					<EmptyState
						compact
						icon={ListIcon}
						title="Nothing kept yet"
						description="What you do here is kept in this browser by itself."
					/>
				) : (
					<ul className={classes.list}>
						{mine.map((one) => (
							<SessionItem
								key={one.id}
								summary={one}
								isCurrent={one.id === session?.id}
								onOpen={() => {
									open(one.id);
									onClose();
								}}
								onRename={(title) => rename(one.id, title)}
								onRemove={() => remove(one.id)}
							/>
						))}
					</ul>
				)}
				{isLasting && total > 0 && (
					<Text size="xs" c="dimmed">
						{formatBytes(total)} kept in this browser, nowhere else.
					</Text>
				)}
			</Stack>
		</Drawer>
	);
}

interface SessionItemProps {
	summary: SessionSummary;
	isCurrent: boolean;
	onOpen: () => void;
	onRename: (title: string) => void;
	onRemove: () => void;
}

function SessionItem({
	summary: { title, updatedAt },
	isCurrent,
	onOpen,
	onRename,
	onRemove,
}: SessionItemProps) {
	const [name, setName] = useState<string | null>(null);
	const [isSure, setIsSure] = useState(false);
	const finish = () => {
		if (name !== null && name.trim() !== "" && name !== title)
			onRename(name.trim().slice(0, 200));
		setName(null);
	};
	return (
		<li className={classes.item} data-current={isCurrent || undefined}>
			{name === null ? (
				<UnstyledButton
					className={classes.open ?? ""}
					onClick={onOpen}
					aria-current={isCurrent || undefined}
				>
					<Text size="sm" truncate>
						{title}
					</Text>
					<Text size="xs" c="dimmed">
						{formatTime(new Date(updatedAt).toISOString())}
					</Text>
				</UnstyledButton>
			) : (
				<TextInput
					flex={1}
					size="xs"
					aria-label="Name of the session"
					autoFocus
					value={name}
					onChange={({ currentTarget }) => setName(currentTarget.value)}
					onBlur={finish}
					onKeyDown={(event) => {
						if (event.key === "Enter") finish();
						if (event.key === "Escape") {
							event.stopPropagation();
							setName(null);
						}
					}}
				/>
			)}
			{isSure ? (
				<Group gap={4} wrap="nowrap">
					<Button color="red" size="compact-xs" onClick={onRemove}>
						Delete
					</Button>
					<Button
						variant="default"
						size="compact-xs"
						onClick={() => setIsSure(false)}
					>
						Keep
					</Button>
				</Group>
			) : (
				<Group gap={2} wrap="nowrap">
					<Tooltip label="Rename">
						<ActionIcon
							variant="subtle"
							color="gray"
							aria-label={`Rename ${title}`}
							onClick={() => (name === null ? setName(title) : finish())}
						>
							{name === null ? (
								<PencilIcon size={15} />
							) : (
								<CheckIcon size={15} />
							)}
						</ActionIcon>
					</Tooltip>
					<Tooltip label="Delete">
						<ActionIcon
							variant="subtle"
							color="gray"
							aria-label={`Delete ${title}`}
							onClick={() => setIsSure(true)}
						>
							<TrashIcon size={15} />
						</ActionIcon>
					</Tooltip>
				</Group>
			)}
		</li>
	);
}
