import type { Engine } from "../engine/engine.ts";
import type { AccuracyOrder } from "./accuracy-protocol.ts";
import { AccuracySums } from "./accuracy-sums.ts";
import { compareRow, describeRow } from "./divergence.ts";
import type { AccuracyFigures } from "./figures.ts";
import { ReferenceReader, ReferenceWriter } from "./reference-file.ts";
import { countPositions, scoreText } from "./score-text.ts";

type RunOrder = Pick<
	AccuracyOrder,
	"text" | "referencePath" | "mode" | "topCount"
>;

/** Scores a text with a loaded engine: as the reference, or against it. Needs memory for one row of logits only. */
export async function runAccuracy(
	engine: Engine,
	order: RunOrder,
	onProgress: (positionsDone: number) => void = () => undefined,
): Promise<AccuracyFigures> {
	const topCount = Math.min(order.topCount, engine.info.vocabularySize);
	const sums = new AccuracySums();
	let done = 0;
	const count = () => {
		done++;
		if (done % progressStep === 0) onProgress(done);
	};
	if (order.mode === "record") {
		using writer = new ReferenceWriter(order.referencePath, topCount);
		const scratch = new Float32Array(engine.info.vocabularySize);
		await scoreText(engine, order.text, (logits, next) => {
			const row = describeRow(logits, next, topCount, scratch);
			writer.write(row);
			const { surprise } = row;
			sums.add({ kl: 0, surprise, hasSameTop: true }, surprise);
			count();
		});
		return sums.figures;
	}
	const positions = countPositions(order.text);
	using reader = new ReferenceReader(order.referencePath, topCount, positions);
	await scoreText(engine, order.text, (logits, next) => {
		const reference = reader.read();
		sums.add(compareRow(reference, logits, next), reference.surprise);
		count();
	});
	return sums.figures;
}

const progressStep = 32;
