/** Where a value came from; strongest first. */
export type Origin =
	| { kind: "flag"; name: string }
	| { kind: "environment"; name: string }
	| { kind: "file"; path: string; line: number }
	| { kind: "profile"; name: string }
	| { kind: "default" };

export function describeOrigin(origin: Origin): string {
	switch (origin.kind) {
		case "flag":
		case "environment":
			return origin.name;
		case "file":
			return `${origin.path}:${origin.line}`;
		case "profile":
			return `profile ${origin.name}`;
		case "default":
			return "default";
	}
}
