/** Terminal colours and other control characters have no place in a page. */
export function plainLine(text: string): string {
	return (
		text
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
			.replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "")
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
			.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "")
	);
}
