import { setTimeout as sleep } from "node:timers/promises";
import { GalleyError } from "../../core/errors.ts";
import type { EngineModule } from "../engine.ts";
import { FakeEngine } from "./fake-engine.ts";
import { parseFakePath } from "./fake-options.ts";
import { FakeVocabulary } from "./fake-vocabulary.ts";

const progressSteps = 10;

/** The engine behind model paths that start with `fake:`; see `fake-options.ts`. */
export function createFakeModule(): EngineModule {
	return {
		async load(options) {
			const fake = parseFakePath(options.modelPath);
			if (fake.crashLoad === 1) process.kill(process.pid, "SIGKILL");
			for (let step = 0; step <= progressSteps; step++) {
				if (options.onLoadProgress?.(step / progressSteps) === false) {
					throw new GalleyError(
						"engine_error",
						`Loading ${options.modelPath} was cancelled.`,
					);
				}
				if (fake.loadMs > 0 && step < progressSteps)
					await sleep(fake.loadMs / progressSteps);
			}
			return new FakeEngine(fake, options);
		},

		loadVocabulary(modelPath) {
			return new FakeVocabulary(parseFakePath(modelPath));
		},
	};
}

export const fakeEngine: EngineModule = createFakeModule();
