import { GalleyError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest-name.ts";
import { printable } from "../reference-syntax.ts";

/** A file as the hub lists it. */
export interface HubModelFile {
	/** Its path in the repository, with `/`. */
	name: string;
	sizeBytes: number;
	/** The hub's own digest; null for small files, which git keeps itself. */
	sha256: string | null;
	/** git's name for the file's content: sha1 over "blob <size>\0<content>". Only of use where there is no sha256. */
	gitBlobId: string | null;
}

export type ModelFormat = "gguf" | "safetensors" | "onnx";

/** One way to take a model from a repository: a GGUF file with all its parts, or the safetensors with what belongs to them. */
export interface ModelVariant<
	File extends { name: string; sizeBytes: number } = HubModelFile,
> {
	format: ModelFormat;
	/** `Q4_K_M`, `BF16`; a file's name where it tells no quantisation; `safetensors`, `onnx`. */
	label: string;
	/** What is opened: the (first) GGUF or ONNX file, `config.json` for safetensors. */
	mainFile: string;
	/** All that has to be fetched, parts in their order. */
	files: readonly File[];
	sizeBytes: number;
}

type Listed = { name: string; sizeBytes: number };

const part = /-(\d{5})-of-(\d{5})(?=\.[a-z]+$)/i;
/** ggml's names of precisions as they stand in file names; longer ones first, so that Q4_K_M is not read as Q4_K. */
const quantisation =
	/(?:^|[-._/])((?:UD-)?(?:IQ\d_(?:XXS|XS|NL|S|M)|Q\d_K_(?:XXL|XL|L|M|S)|Q\d_K|Q\d_[01](?:_\d+_\d+)?|TQ\d_0|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))(?=[-._/]|$)/gi;

/** Files beside the weights that a converter or a tokenizer needs. */
const companions =
	/^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|preprocessor_config|processor_config|chat_template|model\.safetensors\.index)\.json$|^(chat_template\.jinja|tokenizer\.model|merges\.txt|vocab\.txt|spiece\.model)$|^LICEN[SC]E(\.[a-z]+)?$/i;

/** What sentence-transformers writes beside an encoder: how its vectors are pooled, its prompts, its longest text. */
const encoderCompanions =
	/^(modules|sentence_bert_config|config_sentence_transformers|\d+_Pooling\/config)\.json$/;

/** Groups a repository's files into what can be run: one variant for each GGUF, one for its safetensors, one for each ONNX file. */
export function groupVariants<File extends Listed>(
	files: readonly File[],
): ModelVariant<File>[] {
	return [
		...ggufVariants(files),
		...safetensorsVariants(files),
		...onnxVariants(files),
	];
}

function ggufVariants<File extends Listed>(
	files: readonly File[],
): ModelVariant<File>[] {
	const groups = new Map<string, File[]>();
	for (const file of files) {
		if (!/\.gguf$/i.test(file.name) || isNoModel(file.name)) continue;
		const key = file.name.replace(part, "-*-of-$2");
		groups.set(key, [...(groups.get(key) ?? []), file]);
	}
	const variants: ModelVariant<File>[] = [];
	for (const group of groups.values()) {
		const parts = group.sort((left, right) => compare(left.name, right.name));
		const [first] = parts;
		if (first === undefined || !isComplete(parts)) continue;
		variants.push({
			format: "gguf",
			label: labelOf(first.name),
			mainFile: first.name,
			files: parts,
			sizeBytes: total(parts),
		});
	}
	return withDistinctLabels(variants);
}

/** Vision projectors, importance matrices, adapters and draft vocabularies: GGUF files, but none that a service could open alone. */
function isNoModel(name: string): boolean {
	return /(^|[-._/])(mmproj|imatrix|lora|adapter|ggml-vocab)([-._]|$)/i.test(
		name,
	);
}

/** A split file without one of its parts can't be opened. */
function isComplete(parts: readonly Listed[]): boolean {
	const match = part.exec(parts[0]?.name ?? "");
	if (match === null) return true;
	return parts.length === Number(match[2]) && Number(match[1]) === 1;
}

/** The last quantisation that the path tells (`BF16/model-Q8_0.gguf` is Q8_0), else the file's name. */
export function labelOf(name: string): string {
	const matches = [...name.replace(part, "").matchAll(quantisation)];
	const label = matches.at(-1)?.[1]?.toUpperCase();
	if (label !== undefined) return label.replace(/^FP(16|32)$/, "F$1");
	const file = name.slice(name.lastIndexOf("/") + 1);
	return file.replace(part, "").replace(/\.[a-z]+$/i, "");
}

/** Two files of one quantisation (a chat and a base model, say) are told apart by their names. */
function withDistinctLabels<File extends Listed>(
	variants: readonly ModelVariant<File>[],
): ModelVariant<File>[] {
	const counts = new Map<string, number>();
	for (const { label } of variants)
		counts.set(label, (counts.get(label) ?? 0) + 1);
	return variants.map((variant) =>
		counts.get(variant.label) === 1
			? variant
			: { ...variant, label: variant.mainFile },
	);
}

function safetensorsVariants<File extends Listed>(
	files: readonly File[],
): ModelVariant<File>[] {
	// Copies of the weights in folders (original/, fp16/) belong to other tools.
	const weights = files.filter((file) =>
		/^[^/]+\.safetensors$/.test(file.name),
	);
	const config = files.find((file) => file.name === "config.json");
	const models = weights.filter((file) => !/^adapter_/.test(file.name));
	// `consolidated.safetensors` holds the same weights once more, for the publisher's own code.
	const shown = models.some((file) => /^model[-.]/.test(file.name))
		? models.filter((file) => !/^consolidated/.test(file.name))
		: models;
	if (config === undefined || shown.length === 0) return [];
	const needed = [
		...files.filter((file) => companions.test(file.name)),
		...shown,
	];
	return [
		{
			format: "safetensors",
			label: "safetensors",
			mainFile: "config.json",
			files: needed,
			sizeBytes: total(needed),
		},
	];
}

function onnxVariants<File extends Listed>(
	files: readonly File[],
): ModelVariant<File>[] {
	const beside = files.filter(
		({ name }) => companions.test(name) || encoderCompanions.test(name),
	);
	const models = files.filter((file) => /\.onnx$/i.test(file.name));
	const variants = models.map((file) => {
		const needed = [
			...beside,
			file,
			// Large models keep their weights in files beside it.
			...files.filter(
				({ name }) =>
					name === `${file.name}_data` ||
					name === `${file.name}.data` ||
					(name.startsWith(`${file.name}_data_`) && /_data_\d+$/.test(name)),
			),
		];
		return {
			format: "onnx" as const,
			label: onnxLabel(file.name),
			mainFile: file.name,
			files: needed,
			sizeBytes: total(needed),
		};
	});
	return withDistinctLabels(variants);
}

function onnxLabel(name: string): string {
	const file = name.slice(name.lastIndexOf("/") + 1).replace(/\.onnx$/i, "");
	return file === "model" ? "onnx" : `onnx-${file.replace(/^model_/, "")}`;
}

/**
 * The variant that a selector names: a label in any case, a file (also any part of a split one), or the end of a file's
 * path. Throws `model_not_found` with the nearest label and all that there are.
 */
export function selectVariant<File extends Listed>(
	variants: readonly ModelVariant<File>[],
	selector: string,
	repository: string,
): ModelVariant<File> {
	const wanted = selector.toLowerCase();
	const isWanted = (text: string) => text.toLowerCase() === wanted;
	const byFile = variants.find(({ files, mainFile, format }) =>
		format === "safetensors"
			? false
			: isWanted(mainFile) ||
				(format === "gguf" && files.some(({ name }) => isWanted(name))),
	);
	const byLabel = variants.find(({ label }) => isWanted(label));
	const found = byFile ?? byLabel;
	if (found !== undefined) return found;
	const alike = variants.filter(
		({ mainFile, format }) =>
			format === "gguf" &&
			(isWanted(labelOf(mainFile)) ||
				mainFile.toLowerCase().endsWith(`/${wanted}`)),
	);
	const [only] = alike;
	if (only !== undefined && alike.length === 1) return only;
	if (only !== undefined) {
		throw new GalleyError(
			"model_not_found",
			`"${repository}" has several files of ${printable(selector)}; name one of them: ${alike.map(({ mainFile }) => mainFile).join(", ")}.`,
		);
	}
	const labels = variants.map(({ label }) => label);
	const nearest = nearestName(selector, labels);
	throw new GalleyError(
		"model_not_found",
		`"${repository}" has no "${printable(selector)}".${nearest === null ? "" : ` Did you mean "${nearest}"?`} ${describeVariants(labels)}`,
	);
}

function describeVariants(labels: readonly string[]): string {
	if (labels.length === 0)
		return "It holds no GGUF, safetensors or ONNX model at all.";
	const shown = labels.slice(0, 24).join(", ");
	return `It has: ${shown}${labels.length > 24 ? ` and ${labels.length - 24} more` : ""}.`;
}

function total(files: readonly Listed[]): number {
	return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}

function compare(left: string, right: string): number {
	return left < right ? -1 : left > right ? 1 : 0;
}
