import { GalleyError } from "../core/errors.ts";

const longestName = 128;

/** A model name that clients can write anywhere: in JSON, in a URL, on a command line, in a metric's label. */
export function assertAdapterName(name: string, baseModelName: string): void {
	const refuse = (reason: string): never => {
		throw new GalleyError(
			"invalid_request",
			`"${name.slice(0, longestName)}" can't be an adapter's name: ${reason}.`,
			{ param: "lora_name" },
		);
	};
	if (name === baseModelName) refuse("the base model has it");
	if (name.length > longestName)
		refuse(`it has more than ${longestName} characters`);
	const isPlain = /^[A-Za-z0-9][\w.:@+-]*(\/[A-Za-z0-9][\w.:@+-]*)*$/.test(
		name,
	);
	if (!isPlain)
		refuse(
			"write letters, digits and . _ - : @ + only, beginning with a letter or a digit",
		);
}
