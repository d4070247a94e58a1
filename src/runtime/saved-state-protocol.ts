import type { DirectoryContents } from "./saved-state-directory.ts";
import type { StateKey } from "./saved-state-file.ts";

/** What the engine's thread and the disk thread say to each other. Every call is answered, in order. */

export interface DiskThreadData {
	directory: string;
	fingerprint: string;
	maxBytes: number;
	/** Where the bytes of the next `append` lie. */
	staging: SharedArrayBuffer;
}

export interface DiskCalls {
	open: { takes: Record<never, never>; gives: DirectoryContents };
	/** Begins the one write; gives the names of files that had to go. */
	begin: { takes: { key: StateKey; stateBytes: number }; gives: string[] };
	append: { takes: { byteCount: number }; gives: null };
	finish: { takes: { lastUsedMs: number }; gives: null };
	abort: { takes: Record<never, never>; gives: null };
	read: {
		takes: { fileName: string };
		gives: Uint8Array | null;
	};
	touch: { takes: { fileName: string; lastUsedMs: number }; gives: null };
	remove: { takes: { fileName: string }; gives: null };
	/** Answered when everything before it is done. */
	barrier: { takes: Record<never, never>; gives: null };
}

export type DiskCallName = keyof DiskCalls;

export type DiskCall = {
	[Name in DiskCallName]: { name: Name } & DiskCalls[Name]["takes"];
}[DiskCallName];

export type DiskResult = DiskCalls[DiskCallName]["gives"];

export interface DiskMessage {
	number: number;
	call: DiskCall;
}

export type DiskReply = { number: number } & (
	| { result: DiskResult }
	| { problem: string }
);
