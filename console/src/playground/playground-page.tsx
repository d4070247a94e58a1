import { Skeleton, Stack, Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ComponentType, useState } from "react";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { PlaygroundIcon } from "../components/icons.tsx";
import { LinkButton } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { ChatPanel } from "./chat/chat-panel.tsx";
import { ComparePanel } from "./compare/compare-panel.tsx";
import { CompletionsPanel } from "./completions/completions-panel.tsx";
import { EmbeddingsPanel } from "./embeddings/embeddings-panel.tsx";
import { panelFor } from "./logic/model-choice.ts";
import { type OpenedFile, type Panel, panels } from "./logic/session-file.ts";
import { usePlaygroundModels } from "./models/use-playground-models.ts";
import { PanelHost, type PanelViewProps } from "./panel-host.tsx";
import { RerankingPanel } from "./reranking/reranking-panel.tsx";

const titles: Record<Panel, string> = {
	chat: "Chat",
	compare: "Compare",
	completions: "Completions",
	embeddings: "Embeddings",
	reranking: "Reranking",
};

const views: { [P in Panel]: ComponentType<PanelViewProps<P>> } = {
	chat: ChatPanel,
	compare: ComparePanel,
	completions: CompletionsPanel,
	embeddings: EmbeddingsPanel,
	reranking: RerankingPanel,
};

/** Every served model, tried in the browser: a tab for each task. */
export function PlaygroundPage() {
	const { model, task } = useSearch({ from: "/playground" });
	const navigate = useNavigate({ from: "/playground" });
	const { models, isPending, error, retry } = usePlaygroundModels();
	const [incoming, setIncoming] = useState<OpenedFile | null>(null);
	const active = panelFor(
		models.find(({ id }) => id === model),
		task,
	);
	const go = (panel: Panel) =>
		void navigate({ search: { task: panel }, replace: true });

	return (
		<>
			<PageHeader
				title="Playground"
				description="Try what is served here. What you type stays in this browser and on this gateway."
			/>
			{isPending ? (
				<Stack aria-busy="true" aria-label="Loading models">
					<Skeleton height={40} />
					<Skeleton height={280} />
				</Stack>
			) : error !== null ? (
				<ErrorState error={error} onRetry={retry} />
			) : models.length === 0 ? (
				<EmptyState
					icon={PlaygroundIcon}
					title="No model is served yet"
					description="Choose one in the catalog and deploy it; then it can be tried here."
				>
					<LinkButton to="/catalog">Open the catalog</LinkButton>
				</EmptyState>
			) : (
				<PlaygroundTabs
					active={active}
					askedModel={model}
					models={models}
					onTab={go}
					incoming={incoming}
					onIncoming={(file) => {
						setIncoming(file);
						if (file !== null) go(file.panel);
					}}
				/>
			)}
		</>
	);
}

interface PlaygroundTabsProps {
	active: Panel;
	askedModel: string | undefined;
	models: PanelViewProps<Panel>["models"];
	onTab: (panel: Panel) => void;
	incoming: OpenedFile | null;
	onIncoming: (file: OpenedFile | null) => void;
}

function PlaygroundTabs({
	active,
	askedModel,
	models,
	onTab,
	incoming,
	onIncoming,
}: PlaygroundTabsProps) {
	const [visited, setVisited] = useState<ReadonlySet<Panel>>(new Set([active]));
	if (!visited.has(active)) setVisited(new Set([...visited, active]));
	return (
		<Tabs
			value={active}
			onChange={(value) => {
				const panel = panels.find((name) => name === value);
				if (panel !== undefined) onTab(panel);
			}}
			// What one tab has under way goes on while another is looked at.
			keepMounted
			keepMountedMode="display-none"
		>
			<Tabs.List mb="md">
				{panels.map((panel) => (
					<Tabs.Tab key={panel} value={panel}>
						{titles[panel]}
					</Tabs.Tab>
				))}
			</Tabs.List>
			{panels.map((panel) => (
				<Tabs.Panel key={panel} value={panel}>
					{visited.has(panel) && (
						<PanelHost
							panel={panel}
							View={views[panel] as ComponentType<PanelViewProps<Panel>>}
							models={models}
							askedModel={panel === active ? askedModel : undefined}
							incoming={incoming?.panel === panel ? incoming : null}
							onIncoming={onIncoming}
						/>
					)}
				</Tabs.Panel>
			))}
		</Tabs>
	);
}
