import { GalleyError } from "../../core/errors.ts";
import type { LanguageService } from "../../core/language-service.ts";
import type { CompletionBody } from "./completion-body.ts";
import { concatenate, tokenizePrompt } from "./prompt-tokens.ts";

interface Middle {
	/** The prompt of which the middle is the completion. */
	around(prefix: Int32Array): Int32Array;
}

export function hasSuffix({ suffix }: CompletionBody): boolean {
	return suffix !== undefined && suffix !== null && suffix !== "";
}

/**
 * Null when there is no suffix: then a prompt is gone on with at its end. The order is the one that all models of this kind
 * know:
 *
 *     [begin] PREFIX prompt SUFFIX suffix MIDDLE -> completion
 */
export function toMiddle(
	service: LanguageService,
	body: CompletionBody,
): Middle | null {
	if (!hasSuffix(body)) return null;
	const { fillInMiddle: marks, model } = service;
	if (marks === null)
		throw refusal(
			`'suffix': the model '${model.id}' can't fill in the middle: its vocabulary has no tokens for prefix, suffix and middle. Leave it out, or serve a model that was trained for it.`,
		);
	if (body.echo === true)
		throw refusal(
			"'suffix' can't be combined with 'echo': put prompt, completion and suffix together yourself.",
		);
	const read = (text: string, addSpecial: boolean) =>
		tokenizePrompt(service, [text], { addSpecial }, "prompt");
	const begin = read("", body.add_special_tokens ?? true);
	const suffix = read(body.suffix ?? "", false);
	return {
		around: (prefix) =>
			concatenate([
				begin,
				Int32Array.of(marks.prefix),
				prefix,
				Int32Array.of(marks.suffix),
				suffix,
				Int32Array.of(marks.middle),
			]),
	};
}

function refusal(message: string): GalleyError {
	return new GalleyError("unsupported_parameter", message, { param: "suffix" });
}
