/** Whether a folder's names are those of an ONNX encoder: asked before anything is read. */
export function isEncoderListing(names: readonly string[]): boolean {
	return (
		names.includes("tokenizer.json") &&
		names.includes("config.json") &&
		names.some((name) => name === "onnx" || name.endsWith(".onnx"))
	);
}
