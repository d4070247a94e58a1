import type {
	ProcessPhase,
	ReadinessReport,
	ServiceProcess,
} from "../service-process.ts";

/** A replica without a process: it is ready when the test says so, and ends when the test says so. */
export class FakeReplica {
	readonly id: string;
	phase: ProcessPhase = "stopped";
	processId: number | null = null;
	report: ReadinessReport | null = null;
	reason = "";
	deaths = 0;
	starts = 0;
	isClosed = false;
	/** What its pages say; what isn't there answers 404. */
	readonly pages = new Map<string, string>();
	/** Resolved at once unless the test holds it. */
	ending: Promise<void> = Promise.resolve();
	readonly pool = {
		request: async ({ path }: { path: string }) => ({
			statusCode: this.pages.has(path) ? 200 : 404,
			body: { text: async () => this.pages.get(path) ?? "" },
		}),
	};

	constructor(id: string) {
		this.id = id;
	}

	start(): void {
		if (this.phase !== "stopped" && this.phase !== "failed") return;
		this.phase = "starting";
		this.processId = 1;
		this.starts++;
	}

	async stop(): Promise<void> {
		this.phase = "stopped";
		this.processId = null;
		await this.ending;
	}

	async close(): Promise<void> {
		await this.stop();
		this.isClosed = true;
	}

	asReplica(): ServiceProcess {
		return this as unknown as ServiceProcess;
	}
}
