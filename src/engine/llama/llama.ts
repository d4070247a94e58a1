import type { EngineModule } from "../engine.ts";
import { openLibrary } from "./library.ts";
import { loadEngine } from "./load-engine.ts";
import { LlamaModel } from "./model.ts";
import { LlamaModelVocabulary } from "./model-vocabulary.ts";
import { type PackageSearch, selectEnginePackage } from "./packages.ts";

/** libllama as an engine: `search` says where engine packages may lie and which of them is wanted. */
export function createLlamaModule(search: PackageSearch = {}): EngineModule {
	return {
		async load(options) {
			return loadEngine(selectEnginePackage(search), options);
		},

		loadVocabulary(modelPath) {
			const library = openLibrary(selectEnginePackage(search));
			try {
				return new LlamaModelVocabulary(
					LlamaModel.loadVocabularyOnly(library, modelPath),
				);
			} catch (error) {
				library[Symbol.dispose]();
				throw error;
			}
		},
	};
}

/** With the engines in Galley's own node_modules. */
export const llamaEngine: EngineModule = createLlamaModule();
