import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { EngineModule } from "../engine/engine.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";
import { EngineLoop } from "./engine-loop.ts";
import type {
	EngineMessage,
	EngineName,
	HostMessage,
	LoadOptions,
} from "./engine-protocol.ts";
import { openSavedStates } from "./open-saved-states.ts";

/**
 * Entry of the engine process. It owns the model and the loop; it has no port, no file but the model, and ends when the
 * process that started it is gone.
 */

/** Requests that wait for the model come first. */
const warmAfterMs = 3_000;

// Everything but the fake engine needs it: load it while the parent is still reading its configuration.
const llamaModule = import("../engine/llama/llama.ts");

const loadEngineModule: Record<
	EngineName,
	(search: PackageSearch) => Promise<EngineModule>
> = {
	llama: async (search) => (await llamaModule).createLlamaModule(search),
	fake: async () => (await import("../engine/fake/fake.ts")).createFakeModule(),
};

function send(message: EngineMessage): void {
	if (process.connected) process.send?.(message);
}

async function load({
	engine,
	search,
	options,
	scheduling,
}: LoadOptions): Promise<EngineLoop | null> {
	try {
		const module = await loadEngineModule[engine](search);
		let reported = 0;
		const onLoadProgress = (progress: number) => {
			if (progress - reported >= 0.01 || progress === 1) {
				reported = progress;
				send({ type: "loading", progress });
			}
			return process.connected;
		};
		const loaded = await module.load({ ...options, onLoadProgress });
		const saved = await openSavedStates(
			loaded,
			options,
			scheduling,
			(level, message) => send({ type: "log", level, message }),
		);
		const loop = new EngineLoop(loaded, scheduling, saved, {
			send,
			now: () => performance.now(),
			residentBytes: residentBytesReader(),
		});
		send({ type: "ready", info: loaded.info });
		setTimeout(() => loop.warm(), warmAfterMs).unref();
		return loop;
	} catch (thrown) {
		const error =
			thrown instanceof GalleyError ? thrown : toGalleyError(thrown);
		const cause =
			error.cause instanceof Error ? ` (${error.cause.message})` : "";
		send({
			type: "load-failed",
			code: error.code,
			message: error.message + cause,
		});
		return null;
	}
}

/** Reading the resident size is a system call: once a second is enough for a gauge. */
function residentBytesReader(): () => number {
	let readAt = Number.NEGATIVE_INFINITY;
	let bytes = 0;
	return () => {
		if (performance.now() - readAt > 1000) {
			readAt = performance.now();
			bytes = process.memoryUsage.rss();
		}
		return bytes;
	};
}

/** Ends the process, once what should survive it is written. */
async function stop(): Promise<void> {
	try {
		await loop?.stop();
	} finally {
		process.disconnect();
	}
}

let loop: EngineLoop | null = null;

process.on("message", (message: HostMessage) => {
	switch (message.type) {
		case "load":
			void load(message.load).then((loaded) => {
				loop = loaded;
			});
			break;
		case "submit":
			loop?.submit(message.request);
			break;
		case "cancel":
			loop?.cancel(message.number, message.choice);
			break;
		case "inspect":
			loop?.inspect(message.inquiry);
			break;
		case "check-adapter":
			loop?.checkAdapter(message.check, message.file);
			break;
		case "shutdown":
			void stop();
			break;
	}
});

// The parent decides when this process ends: a terminal's Ctrl-C reaches the whole group, and requests must drain first.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
// Not exit(): it would wait for native threads, and one of those may wait for this thread to take a log line. Native
// memory goes with the process in any case.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
