import { useCallback, useEffect, useRef, useState } from "react";
import { freshContent, newId, titleFor } from "../logic/session-content.ts";
import type {
	OpenedFile,
	Panel,
	PanelContent,
	PlaygroundSession,
} from "../logic/session-file.ts";
import type { SessionStore, SessionSummary } from "../logic/session-store.ts";
import { useSessionStore } from "./use-session-store.ts";

export interface PanelSession<P extends Panel> {
	/** Null while it is looked up. */
	session: PlaygroundSession<P> | null;
	/** Changes the session it was made for; does nothing once another one is open. */
	update: (change: (content: PanelContent[P]) => PanelContent[P]) => void;
	open: (id: string) => void;
	start: (content?: PanelContent[P]) => void;
	take: (file: OpenedFile) => void;
	rename: (id: string, title: string) => void;
	remove: (id: string) => void;
	sessions: readonly SessionSummary[];
	isLasting: boolean;
	/** Why the session could not be kept; null when it was. */
	saveProblem: string | null;
}

const currentKey = (panel: Panel) => `galley.playground.current.${panel}`;

/** What is open in a panel. It is kept half a second after each change, and when the panel is left. */
export function usePanelSession<P extends Panel>(
	panel: P,
	askedModel: string | undefined,
): PanelSession<P> {
	const { store, sessions, refresh } = useSessionStore();
	const [session, setSession] = useState<PlaygroundSession<P> | null>(null);
	const [saveProblem, setSaveProblem] = useState<string | null>(null);
	const latest = useRef(session);
	const kept = useRef(session);
	latest.current = session;

	const show = useCallback(
		(next: PlaygroundSession<P>) => {
			kept.current = next;
			setSession(next);
			setSaveProblem(null);
			remember(panel, next.id);
		},
		[panel],
	);

	const fresh = useCallback(
		(content: PanelContent[P]): PlaygroundSession<P> => ({
			id: newId(),
			panel,
			title: "",
			updatedAt: Date.now(),
			content,
		}),
		[panel],
	);

	const keep = useCallback(async () => {
		const current = latest.current;
		if (store === null || current === null || current === kept.current) return;
		const title = current.title || titleFor(current);
		if (title === "") return;
		kept.current = current;
		setSaveProblem(await save(store, { ...current, title }));
		refresh();
	}, [store, refresh]);
	const keepLatest = useRef(keep);
	keepLatest.current = keep;

	// Once the store is open: the session that was open last, unless the address asks for another model.
	const asked = useRef(askedModel);
	useEffect(() => {
		if (store === null) return;
		let isGone = false;
		const id = remembered(panel);
		const looked = id === null ? null : store.read(id, panel);
		void Promise.resolve(looked)
			.catch(() => null)
			.then((found) => {
				if (isGone) return;
				const model = asked.current;
				if (found !== null && (!model || usesModel(found, model))) show(found);
				else show(fresh(freshContent(panel, model)));
			});
		return () => {
			isGone = true;
		};
	}, [store, panel, show, fresh]);

	useEffect(() => {
		if (session === null || session === kept.current) return;
		const timer = setTimeout(() => void keep(), 500);
		return () => clearTimeout(timer);
	}, [session, keep]);

	useEffect(() => {
		const onLeave = () => void keepLatest.current();
		window.addEventListener("pagehide", onLeave);
		return () => {
			window.removeEventListener("pagehide", onLeave);
			onLeave();
		};
	}, []);

	const id = session?.id;
	const update = useCallback(
		(change: (content: PanelContent[P]) => PanelContent[P]) =>
			setSession((current) => {
				if (current === null || current.id !== id) return current;
				const content = change(current.content);
				return content === current.content
					? current
					: { ...current, content, updatedAt: Date.now() };
			}),
		[id],
	);

	return {
		session,
		update,
		sessions,
		isLasting: store?.isLasting ?? true,
		saveProblem,
		start: (content) => {
			void keep();
			show(fresh(content ?? freshContent(panel, modelOf(session))));
		},
		open: (next) => {
			void keep().then(async () => {
				const found = await store?.read(next, panel);
				if (found != null) show(found);
			});
		},
		take: (file) => {
			void keep();
			const opened = fresh(file.content as PanelContent[P]);
			show(opened);
			// As if it had been typed: it is kept.
			setSession({ ...opened, title: file.title });
		},
		rename: (which, title) => {
			if (which === id)
				setSession((current) => current && { ...current, title });
			void store?.rename(which, title).then(refresh);
		},
		remove: (which) => {
			if (which === id) {
				kept.current = latest.current;
				show(fresh(freshContent(panel, modelOf(session))));
			}
			void store?.remove(which).then(refresh);
		},
	};
}

async function save(
	store: SessionStore,
	session: PlaygroundSession,
): Promise<string | null> {
	try {
		await store.save(session);
		return null;
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}

function usesModel(session: PlaygroundSession, model: string): boolean {
	return modelOf(session) === model;
}

function modelOf(session: PlaygroundSession | null): string {
	const content = session?.content;
	if (content === undefined) return "";
	if ("settings" in content) return content.settings.model;
	if ("columns" in content) return content.columns[0]?.settings.model ?? "";
	return content.model;
}

function remember(panel: Panel, id: string): void {
	try {
		localStorage.setItem(currentKey(panel), id);
	} catch {
		// A browser that keeps nothing opens the playground empty the next time; that is all.
	}
}

function remembered(panel: Panel): string | null {
	try {
		return localStorage.getItem(currentKey(panel));
	} catch {
		return null;
	}
}
