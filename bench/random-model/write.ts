/** `npx tsx bench/random-model/write.ts SHAPE [--precision P] [--seed N] [--out FILE]` */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { cacheDirectory, writeRandomModel } from "./random-model.ts";
import { isShapeName, precisions, shapes } from "./shapes.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		out: { type: "string" },
		precision: { type: "string" },
		seed: { type: "string", default: "1" },
	},
});

const name = positionals[0] ?? "";
const precision = precisions.find((known) => known === values.precision);
const seed = Number(values.seed);
const isUsable =
	positionals.length === 1 &&
	isShapeName(name) &&
	(values.precision === undefined || precision !== undefined) &&
	Number.isSafeInteger(seed);
if (!isUsable) {
	console.error(
		`Usage: npx tsx bench/random-model/write.ts SHAPE [--precision P] [--seed N] [--out FILE]\n` +
			`  SHAPE: ${Object.keys(shapes).join(", ")}\n  P: ${precisions.join(", ")} (default: the shape's own)`,
	);
	process.exitCode = 2;
} else {
	const shape = shapes[name];
	const path = resolve(
		values.out ??
			`${cacheDirectory}/random-${name}-${precision ?? shape.precision}.gguf`,
	);
	const start = performance.now();
	writeRandomModel({ shape, precision, seed, path });
	const seconds = ((performance.now() - start) / 1000).toFixed(1);
	console.log(
		`${path}  ${(statSync(path).size / 1e6).toFixed(1)} MB in ${seconds} s`,
	);
}
