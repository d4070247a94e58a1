import { Alert, Skeleton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ComponentType, useEffect } from "react";
import { modelsFor, type PlaygroundModel } from "./logic/model-choice.ts";
import {
	withDefaultModels,
	withFirstSettings,
} from "./logic/session-content.ts";
import type { OpenedFile, Panel, PanelContent } from "./logic/session-file.ts";
import { PanelActions } from "./panel-frame.tsx";
import { SessionsDrawer } from "./sessions/sessions-drawer.tsx";
import {
	type PanelSession,
	usePanelSession,
} from "./sessions/use-panel-session.ts";

/** What every panel is given. */
export interface PanelViewProps<P extends Panel> {
	content: PanelContent[P];
	update: PanelSession<P>["update"];
	/** The models that this panel can ask. */
	models: readonly PlaygroundModel[];
	/** For the toolbar: new, sessions, share. */
	actions: React.ReactNode;
}

interface PanelHostProps {
	panel: Panel;
	View: ComponentType<PanelViewProps<Panel>>;
	models: readonly PlaygroundModel[];
	askedModel: string | undefined;
	/** A file that was opened in another panel but belongs to this one. */
	incoming: OpenedFile | null;
	onIncoming: (file: OpenedFile | null) => void;
}

/** A panel with its sessions around it. Another session is another view: what the old one had under way is stopped. */
export function PanelHost({
	panel,
	View,
	models,
	askedModel,
	incoming,
	onIncoming,
}: PanelHostProps) {
	const panelSession = usePanelSession(panel, askedModel);
	const { session, update, take, saveProblem } = panelSession;
	const suited = modelsFor(panel, models);
	const ids = toPreferred(suited).join("\n");
	const advice = JSON.stringify(
		suited.map(({ id, recommended }) => ({ id, recommended })),
	);
	const isReady = session !== null;
	const [isOpen, drawer] = useDisclosure(false);

	// biome-ignore lint/correctness/useExhaustiveDependencies: another session may want models too
	useEffect(() => {
		if (!isReady || ids === "") return;
		update((content) =>
			withFirstSettings(
				withDefaultModels(content, ids.split("\n")),
				JSON.parse(advice),
			),
		);
	}, [isReady, session?.id, ids, advice, update]);

	// biome-ignore lint/correctness/useExhaustiveDependencies: a file is taken once
	useEffect(() => {
		if (!isReady || incoming === null) return;
		take(incoming);
		onIncoming(null);
	}, [isReady, incoming]);

	if (session === null) return <Skeleton height={280} />;
	return (
		<>
			{saveProblem !== null && (
				<Alert color="yellow" mb="md" title="This session is not kept">
					{saveProblem}
				</Alert>
			)}
			<View
				key={session.id}
				content={session.content}
				update={update}
				models={suited}
				actions={
					<PanelActions panelSession={panelSession} onSessions={drawer.open} />
				}
			/>
			{/* Outside of the view: it stays open while the session under it changes. */}
			<SessionsDrawer
				panel={panel}
				panelSession={panelSession}
				isOpen={isOpen}
				onClose={drawer.close}
				onForeign={onIncoming}
			/>
		</>
	);
}

/** Models whose task is known come first, and base models before adapters. */
function toPreferred(models: readonly PlaygroundModel[]): string[] {
	const rank = ({ task, parent }: PlaygroundModel) =>
		(task === null ? 2 : 0) + (parent === null ? 0 : 1);
	return [...models]
		.sort((left, right) => rank(left) - rank(right))
		.map(({ id }) => id);
}
