export interface DownloadProgress {
	stage: "resolve" | "download" | "verify";
	/** The file at work, as the repository names it. */
	file: string | null;
	/** Of all files of the model together. */
	receivedBytes: number;
	totalBytes: number | null;
	/** Smoothed; null until there is something to tell. */
	bytesPerSecond: number | null;
	etaSeconds: number | null;
	/** Another process is downloading this file, and this one waits for it: its process number, when it is known. */
	otherProcess?: number | null;
}
