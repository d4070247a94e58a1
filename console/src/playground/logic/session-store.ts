import {
	type Panel,
	type PanelContent,
	type PlaygroundSession,
	panels,
	parseContent,
} from "./session-file.ts";

export interface StoredSession {
	id: string;
	panel: string;
	title: string;
	updatedAt: number;
	/** JSON of the content. */
	text: string;
}

export interface SessionSummary {
	id: string;
	panel: Panel;
	title: string;
	updatedAt: number;
	/** As kept, in bytes. */
	size: number;
}

/** Where sessions are kept: the browser's database, or memory where there is none. */
export interface SessionDrive {
	/** Whether what is kept outlives the page. */
	readonly isLasting: boolean;
	list(): Promise<StoredSession[]>;
	read(id: string): Promise<StoredSession | null>;
	write(session: StoredSession): Promise<void>;
	remove(id: string): Promise<void>;
}

const mostStoredBytes = 64 * 1024 * 1024;
const mostSessions = 200;

/** Saving failed, with what to do about it. */
export class StorageFullError extends Error {
	override readonly name = "StorageFullError";
}

/** The sessions of this browser. Nothing is thrown away to make room: whoever is over the bound is told. */
export class SessionStore {
	readonly #drive: SessionDrive;
	readonly #mostBytes: number;
	readonly #mostSessions: number;
	#last: Promise<unknown> = Promise.resolve();

	constructor(
		drive: SessionDrive,
		bounds: { bytes?: number; sessions?: number } = {},
	) {
		this.#drive = drive;
		this.#mostBytes = bounds.bytes ?? mostStoredBytes;
		this.#mostSessions = bounds.sessions ?? mostSessions;
	}

	get isLasting(): boolean {
		return this.#drive.isLasting;
	}

	/** Newest first. */
	async list(): Promise<SessionSummary[]> {
		const sessions = await this.#drive.list();
		return sessions
			.flatMap(({ id, panel, title, updatedAt, text }) => {
				const known = panels.find((name) => name === panel);
				return known === undefined
					? []
					: [{ id, panel: known, title, updatedAt, size: byteLength(text) }];
			})
			.sort((left, right) => right.updatedAt - left.updatedAt);
	}

	async read<P extends Panel>(
		id: string,
		panel: P,
	): Promise<PlaygroundSession<P> | null> {
		const stored = await this.#drive.read(id);
		if (stored === null || stored.panel !== panel) return null;
		let content: unknown = null;
		try {
			content = JSON.parse(stored.text);
		} catch {
			// What can't be read is as good as empty; it stays in the list to be deleted.
		}
		const { title, updatedAt } = stored;
		return {
			id,
			panel,
			title,
			updatedAt,
			content: parseContent(panel, content),
		};
	}

	save(session: PlaygroundSession): Promise<void> {
		return this.#inTurn(() => this.#save(session));
	}

	async #save(session: PlaygroundSession): Promise<void> {
		const text = JSON.stringify(session.content satisfies PanelContent[Panel]);
		const others = (await this.#drive.list()).filter(
			({ id }) => id !== session.id,
		);
		if (others.length >= this.#mostSessions)
			throw new StorageFullError(
				`There are ${others.length} sessions already: delete some to keep this one.`,
			);
		const kept = others.reduce((sum, one) => sum + byteLength(one.text), 0);
		if (kept + byteLength(text) > this.#mostBytes)
			throw new StorageFullError(
				"The sessions kept in this browser take all the room they may: delete some, or export this one to a file.",
			);
		const { id, panel, title, updatedAt } = session;
		try {
			await this.#drive.write({ id, panel, title, updatedAt, text });
		} catch (error) {
			throw new StorageFullError(
				isQuota(error)
					? "This browser has no room left for sessions: delete some, or export this one to a file."
					: "This browser could not keep the session. Export it to a file to be safe.",
				{ cause: error },
			);
		}
	}

	rename(id: string, title: string): Promise<void> {
		return this.#inTurn(async () => {
			const stored = await this.#drive.read(id);
			if (stored !== null) await this.#drive.write({ ...stored, title });
		});
	}

	remove(id: string): Promise<void> {
		return this.#inTurn(() => this.#drive.remove(id));
	}

	/** Changes one after another: a session must not come back because it was still being saved when it was deleted. */
	#inTurn(change: () => Promise<void>): Promise<void> {
		const turn = this.#last.then(change);
		this.#last = turn.catch(() => undefined);
		return turn;
	}
}

function isQuota(error: unknown): boolean {
	return error instanceof Error && error.name === "QuotaExceededError";
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
	return encoder.encode(text).length;
}

/** For browsers that keep nothing, such as private windows: until the page is left. */
export class MemoryDrive implements SessionDrive {
	readonly isLasting = false;
	readonly #sessions = new Map<string, StoredSession>();

	async list(): Promise<StoredSession[]> {
		return [...this.#sessions.values()];
	}

	async read(id: string): Promise<StoredSession | null> {
		return this.#sessions.get(id) ?? null;
	}

	async write(session: StoredSession): Promise<void> {
		this.#sessions.set(session.id, session);
	}

	async remove(id: string): Promise<void> {
		this.#sessions.delete(id);
	}
}
