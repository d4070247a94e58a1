import { ActionIcon, Drawer, Indicator, Tooltip } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";
import {
	CodeIcon,
	DownloadIcon,
	type Icon,
	ListIcon,
	PlusIcon,
	SettingsIcon,
} from "../components/icons.tsx";
import type { CodeTask } from "../components/request-code.ts";
import { CodeModal } from "./code-modal.tsx";
import type { RequestPlan } from "./logic/request-body.ts";
import { titleFor } from "./logic/session-content.ts";
import type { Panel } from "./logic/session-file.ts";
import classes from "./playground.module.css";
import { downloadSession } from "./sessions/session-files.ts";
import type { PanelSession } from "./sessions/use-panel-session.ts";

interface PanelFrameProps {
	/** In the toolbar, before the actions. */
	model: ReactNode;
	actions: ReactNode;
	/** Null where a panel has none. */
	settings: ReactNode | null;
	changes?: number;
	children: ReactNode;
}

/** A panel: its toolbar, its main part, and its settings beside it or, where there is no room, in a drawer. */
export function PanelFrame({
	model,
	actions,
	settings,
	changes = 0,
	children,
}: PanelFrameProps) {
	const isWide = useMediaQuery("(min-width: 75em)", true, {
		getInitialValueInEffect: false,
	});
	const [isOpen, drawer] = useDisclosure(false);
	const isBeside = isWide && settings !== null;
	return (
		<div className={classes.frame} data-wide={isBeside || undefined}>
			<div style={{ minWidth: 0 }}>
				<div className={classes.toolbar}>
					<div className={classes.model}>{model}</div>
					<div className={classes.actions}>
						{actions}
						{settings !== null && !isWide && (
							<Indicator
								disabled={changes === 0}
								label={changes}
								size={16}
								offset={4}
							>
								<ToolbarButton
									icon={SettingsIcon}
									label="Settings"
									onClick={drawer.open}
								/>
							</Indicator>
						)}
					</div>
				</div>
				{children}
			</div>
			{isBeside && (
				// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
				<aside className={classes.aside} aria-label="Settings" tabIndex={0}>
					{settings}
				</aside>
			)}
			{settings !== null && !isWide && (
				<Drawer
					opened={isOpen}
					onClose={drawer.close}
					position="right"
					size="min(400px, 100%)"
					closeButtonProps={{ "aria-label": "Close settings" }}
					title="Settings"
				>
					{settings}
				</Drawer>
			)}
		</div>
	);
}

interface PanelActionsProps {
	panelSession: PanelSession<Panel>;
	onSessions: () => void;
}

/** New, sessions, and the session as a file. */
export function PanelActions({ panelSession, onSessions }: PanelActionsProps) {
	const { session, start } = panelSession;
	return (
		<>
			{/* On a phone it is among the sessions. */}
			<span className={classes.wideOnly}>
				<ToolbarButton icon={PlusIcon} label="New" onClick={() => start()} />
			</span>
			<ToolbarButton icon={ListIcon} label="Sessions" onClick={onSessions} />
			<ToolbarButton
				icon={DownloadIcon}
				label="Share as a file"
				disabled={session === null || titleFor(session) === ""}
				onClick={() => session !== null && downloadSession(session)}
			/>
		</>
	);
}

/** What would be sent now, as code. */
export function CodeAction({
	task,
	plan,
}: {
	task: CodeTask;
	plan: () => RequestPlan;
}) {
	const [isOpen, modal] = useDisclosure(false);
	return (
		<>
			<ToolbarButton
				icon={CodeIcon}
				label="View as code"
				onClick={modal.open}
			/>
			{isOpen && <CodeModal task={task} plan={plan()} onClose={modal.close} />}
		</>
	);
}

interface ToolbarButtonProps {
	icon: Icon;
	label: string;
	onClick: () => void;
	disabled?: boolean;
}

function ToolbarButton({
	icon: Picture,
	label,
	onClick,
	disabled = false,
}: ToolbarButtonProps) {
	return (
		<Tooltip label={label}>
			<ActionIcon
				variant="default"
				size={36}
				aria-label={label}
				disabled={disabled}
				onClick={onClick}
			>
				<Picture size={17} />
			</ActionIcon>
		</Tooltip>
	);
}
