import { readdirSync } from "node:fs";
import { join } from "node:path";
import koffi, { type KoffiFunc } from "koffi";
import { GalleyError } from "../../core/errors.ts";
import { expectedRelease, findLibraryFile } from "./library.ts";
import {
	defineQuantizeParams,
	differingDefault,
	type NativeQuantizeParams,
	quantizeParamFields,
	quantizeParamsBytes,
} from "./structs.ts";

export interface QuantizerFunctions {
	llama_model_quantize_default_params(): NativeQuantizeParams;
	/** 0 is success. */
	llama_model_quantize: KoffiFunc<
		(input: string, output: string, params: NativeQuantizeParams) => number
	>;
}

/** `openLibrary` has opened the folder before: this only finds two more functions in it. */
export function bindQuantizer(folder: string): QuantizerFunctions {
	const name = findLibraryFile(readdirSync(folder), "llama");
	if (name === null)
		throw new GalleyError(
			"engine_unavailable",
			`There is no llama library in ${folder}. Reinstall the engine package.`,
		);
	const library = koffi.load(join(folder, name));
	const params = defineQuantizeParams();
	const functions: QuantizerFunctions = {
		llama_model_quantize_default_params: library.func(
			"llama_model_quantize_default_params",
			params,
			[],
		),
		llama_model_quantize: library.func("llama_model_quantize", "uint32_t", [
			"str",
			"str",
			koffi.pointer(params),
		]),
	};
	const bytes = koffi.sizeof(params);
	const field =
		bytes === quantizeParamsBytes
			? differingDefault(
					quantizeParamFields,
					functions.llama_model_quantize_default_params(),
				)
			: "its size";
	if (field === null) return functions;
	throw new GalleyError(
		"engine_unavailable",
		`The quantizer in ${folder} is not that of llama.cpp ${expectedRelease}: ${field} differs. ` +
			"Install the engine package that Galley's package.json pins.",
	);
}
