import { GalleyError } from "../core/errors.ts";
import type { EngineModule } from "../engine/engine.ts";
import type { AccuracyMessage, AccuracyOrder } from "./accuracy-protocol.ts";
import { runAccuracy } from "./accuracy-run.ts";
import { countPositions } from "./score-text.ts";

/** Entry of the process that measures accuracy: it loads one model, scores the text with it, and ends. */

async function loadModule({
	engine,
	search,
}: AccuracyOrder): Promise<EngineModule> {
	return engine === "fake"
		? (await import("../engine/fake/fake.ts")).createFakeModule()
		: (await import("../engine/llama/llama.ts")).createLlamaModule(search);
}

function send(message: AccuracyMessage): void {
	if (process.connected) process.send?.(message);
}

async function measure(order: AccuracyOrder): Promise<void> {
	const module = await loadModule(order);
	using engine = await module.load(order.options);
	const positions = countPositions(order.text);
	const figures = await runAccuracy(engine, order, (positionsDone) =>
		send({ type: "progress", positionsDone, positions }),
	);
	send({ type: "result", figures });
}

process.on("message", (order: AccuracyOrder) => {
	measure(order).catch((thrown: unknown) => {
		const cause =
			thrown instanceof GalleyError && thrown.cause instanceof Error
				? ` (${thrown.cause.message})`
				: "";
		const message = thrown instanceof Error ? thrown.message : String(thrown);
		send({ type: "failed", message: message + cause });
	});
});

process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
