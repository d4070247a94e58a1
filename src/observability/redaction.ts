const mark = "[redacted]";

/** Each begins with something fixed: a pattern that could begin anywhere takes the square of the text's length. */
const secrets: readonly (readonly [pattern: RegExp, replacement: string])[] = [
	[/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${mark}`],
	[/\b(?:sk|hf|nvapi|ghp|glpat|galley)[-_][\w-]{8,}/g, mark],
	// Credentials in an address.
	[/:\/\/[^\s/:@]*:[^\s/@]+@/g, `://${mark}@`],
	[
		/((?:api[-_]?key|password|secret|(?:access|auth|refresh|hf)[-_]?token|token(?==)|signature|authorization)["']?\s*[:=]\s*["']?)(?!\[redacted\]|(?:Bearer|Basic)\s)[^\s"'&,;)}\]]+/gi,
		`$1${mark}`,
	],
];

/** Most texts, names and ids above all, have nothing that any pattern needs. */
const canHoldSecret =
	/[:=]|\b(?:bearer|basic)\s|\b(?:sk|hf|nvapi|ghp|glpat|galley)[-_]/i;

/** Text without keys, passwords and bearer tokens, by the shapes they usually have. */
export function redactSecrets(text: string): string {
	if (!canHoldSecret.test(text)) return text;
	return secrets.reduce(
		(redacted, [pattern, replacement]) =>
			redacted.replace(pattern, replacement),
		text,
	);
}
