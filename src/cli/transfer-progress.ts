import { formatBytes } from "../models/byte-format.ts";
import { createStatusLine, formatDuration } from "./status-line.ts";
import type { TextOutput } from "./terminal.ts";

/** How far a download, a check, a conversion or an archive is. */
export interface TransferProgress {
	/** `downloading`, `verifying`: before the name on a terminal, the `event` of a machine's line. */
	stage: string;
	file?: string | null;
	receivedBytes: number | null;
	totalBytes: number | null;
	bytesPerSecond: number | null;
	etaSeconds: number | null;
	/** 0 to 1 where bytes aren't what is counted. */
	progress?: number | null;
	/** The process that downloads while this one waits for it. */
	otherProcess?: number | null;
}

export interface ProgressOutput extends Disposable {
	show(progress: TransferProgress): void;
}

const terminalMs = 100;
const machineMs = 1000;
const barWidth = 20;

/**
 * A line on a terminal, written over ten times a second; for machines (`--json`) a line of JSON a second and at each change
 * of stage; nothing anywhere else.
 */
export function createProgressOutput(
	name: string,
	isJson: boolean,
	{ stdout, stderr }: { stdout: TextOutput; stderr: TextOutput } = process,
	now: () => number = () => performance.now(),
): ProgressOutput {
	const line = createStatusLine(stderr);
	let shownAt = Number.NEGATIVE_INFINITY;
	let shownStage = "";
	return {
		show(progress) {
			const isDue =
				progress.stage !== shownStage ||
				now() - shownAt >= (isJson ? machineMs : terminalMs);
			if (!isDue) return;
			shownAt = now();
			shownStage = progress.stage;
			if (isJson) stdout.write(`${JSON.stringify(toMachineLine(progress))}\n`);
			else line.show(formatTransfer(name, progress, stderr.columns || 80));
		},
		[Symbol.dispose]: () => line.clear(),
	};
}

function toMachineLine(progress: TransferProgress) {
	return {
		event: progress.stage,
		file: progress.file ?? null,
		receivedBytes: progress.receivedBytes,
		totalBytes: progress.totalBytes,
		bytesPerSecond: rounded(progress.bytesPerSecond),
		etaSeconds: rounded(progress.etaSeconds),
	};
}

function rounded(value: number | null): number | null {
	return value === null ? null : Math.round(value * 10) / 10;
}

/** `downloading tiny [=====     ]  42 %  1.2 of 2.9 GiB, 35 MiB/s, 48 s left`; what doesn't fit is left out at the end. */
export function formatTransfer(
	name: string,
	progress: TransferProgress,
	columns = 80,
): string {
	const { stage, receivedBytes, totalBytes, bytesPerSecond, etaSeconds } =
		progress;
	const share =
		progress.progress ??
		(receivedBytes !== null && totalBytes !== null && totalBytes > 0
			? receivedBytes / totalBytes
			: null);
	let text = `${stage} ${name}`;
	if (share !== null) text += ` ${bar(share)}`;
	const details: string[] = [];
	if (receivedBytes !== null && totalBytes !== null)
		details.push(`${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`);
	else if (receivedBytes !== null && receivedBytes > 0)
		details.push(formatBytes(receivedBytes));
	if (bytesPerSecond !== null) details.push(`${formatBytes(bytesPerSecond)}/s`);
	if (etaSeconds !== null) details.push(`${formatDuration(etaSeconds)} left`);
	if (progress.otherProcess)
		details.push(`process ${progress.otherProcess} is at it`);
	while (details.length > 0) {
		const line = `${text}  ${details.join(", ")}`;
		if (line.length < columns || details.length === 1) return line;
		// The time left is worth more than the rate, and the rate more than the bytes.
		details.shift();
	}
	return text;
}

function bar(share: number): string {
	const part = Math.min(1, Math.max(0, share));
	const filled = Math.round(part * barWidth);
	return `[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] ${String(Math.floor(part * 100)).padStart(3)} %`;
}

/** Counts bytes of work that tells nothing but how many more were done. */
export class ByteMeter {
	readonly #totalBytes: number | null;
	readonly #now: () => number;
	readonly #startedAt: number;
	#bytes = 0;

	constructor(
		totalBytes: number | null,
		now: () => number = () => performance.now(),
	) {
		this.#totalBytes = totalBytes;
		this.#now = now;
		this.#startedAt = now();
	}

	get bytes(): number {
		return this.#bytes;
	}

	add(bytes: number): void {
		this.#bytes += bytes;
	}

	progress(stage: string, file: string | null = null): TransferProgress {
		const seconds = (this.#now() - this.#startedAt) / 1000;
		// The first moments tell more about caches than about disks.
		const rate = seconds < 0.5 ? null : this.#bytes / seconds;
		const left =
			this.#totalBytes === null ? null : this.#totalBytes - this.#bytes;
		return {
			stage,
			file,
			receivedBytes: this.#bytes,
			totalBytes: this.#totalBytes,
			bytesPerSecond: rate,
			etaSeconds:
				rate === null || rate === 0 || left === null ? null : left / rate,
		};
	}
}
