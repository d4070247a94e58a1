import type { Reading, TextSource } from "./text-source.ts";

type Expecting =
	| "value"
	| "value-or-close"
	| "key"
	| "key-or-close"
	| "colon"
	| "comma-or-close"
	| "string"
	| "escape"
	| "hex"
	| "scalar"
	| "nothing";

const numberPattern = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const scalarCharacter = /[-+.\w]/;

/**
 * Whether characters, one by one, are the beginning of one JSON value (RFC 8259). Control characters inside strings, which
 * models write and JSON forbids, are told apart so that they can be escaped.
 */
export class JsonScanner {
	#expecting: Expecting = "value";
	/** The brackets that are open. */
	readonly #open: ("{" | "[")[] = [];
	#isKey = false;
	#scalar = "";
	#hexLeft = 0;

	/**
	 * `taken`: part of the value. `raw-control`: part of a string, to be escaped. `last`: its last character.
	 * `beyond`: the value ended before it. `wrong`: no JSON value goes on so.
	 */
	next(
		character: string,
	): "taken" | "raw-control" | "last" | "beyond" | "wrong" {
		switch (this.#expecting) {
			case "nothing":
				return "beyond";
			case "string":
				if (character === '"') return this.#endString();
				if (character === "\\") this.#expecting = "escape";
				else if (character < " ") return "raw-control";
				return "taken";
			case "escape":
				if (!'"\\/bfnrtu'.includes(character)) return "wrong";
				this.#hexLeft = 4;
				this.#expecting = character === "u" ? "hex" : "string";
				return "taken";
			case "hex":
				if (!/[\da-fA-F]/.test(character)) return "wrong";
				this.#hexLeft--;
				if (this.#hexLeft === 0) this.#expecting = "string";
				return "taken";
			case "scalar":
				if (scalarCharacter.test(character)) {
					this.#scalar += character;
					return "taken";
				}
				if (!this.#isScalarWhole()) return "wrong";
				return this.#endValue() === "last" ? "beyond" : this.next(character);
			default:
				return /[ \t\r\n]/.test(character) ? "taken" : this.#mark(character);
		}
	}

	/** Whether the value is whole if nothing more comes: only numbers and words end without a sign of their own. */
	get mayEnd(): boolean {
		if (this.#expecting === "nothing") return true;
		return (
			this.#expecting === "scalar" &&
			this.#open.length === 0 &&
			this.#isScalarWhole()
		);
	}

	#mark(character: string): "taken" | "last" | "wrong" {
		const expecting = this.#expecting;
		switch (character) {
			case "}":
			case "]": {
				const opener = character === "}" ? "{" : "[";
				const isExpected =
					expecting === "comma-or-close" ||
					expecting === (opener === "{" ? "key-or-close" : "value-or-close");
				if (!isExpected || this.#open.at(-1) !== opener) return "wrong";
				this.#open.pop();
				return this.#endValue();
			}
			case ",":
				if (expecting !== "comma-or-close") return "wrong";
				this.#expecting = this.#open.at(-1) === "{" ? "key" : "value";
				return "taken";
			case ":":
				if (expecting !== "colon") return "wrong";
				this.#expecting = "value";
				return "taken";
		}
		const isKey = expecting === "key" || expecting === "key-or-close";
		const isValue = expecting === "value" || expecting === "value-or-close";
		if (character === '"' && (isKey || isValue)) {
			this.#isKey = isKey;
			this.#expecting = "string";
			return "taken";
		}
		if (!isValue) return "wrong";
		if (character === "{" || character === "[") {
			this.#open.push(character);
			this.#expecting = character === "{" ? "key-or-close" : "value-or-close";
			return "taken";
		}
		if (!/[-\dtfn]/.test(character)) return "wrong";
		this.#scalar = character;
		this.#expecting = "scalar";
		return "taken";
	}

	#endString(): "taken" | "last" {
		if (!this.#isKey) return this.#endValue();
		this.#expecting = "colon";
		return "taken";
	}

	#endValue(): "taken" | "last" {
		const isLast = this.#open.length === 0;
		this.#expecting = isLast ? "nothing" : "comma-or-close";
		return isLast ? "last" : "taken";
	}

	#isScalarWhole(): boolean {
		return (
			["true", "false", "null"].includes(this.#scalar) ||
			numberPattern.test(this.#scalar)
		);
	}
}

/** Reads one JSON value and hands it on as it comes; false where it is none, with the first wrong character not read. */
export function* readJson(
	source: TextSource,
	write: (text: string) => void,
): Reading<boolean> {
	const scanner = new JsonScanner();
	for (;;) {
		const { text } = source;
		let written = source.at;
		for (;;) {
			const character = text[source.at];
			if (character === undefined) break;
			const verdict = scanner.next(character);
			if (verdict === "wrong" || verdict === "beyond") {
				write(text.slice(written, source.at));
				return verdict === "beyond";
			}
			if (verdict === "raw-control") {
				const escaped = JSON.stringify(character).slice(1, -1);
				write(text.slice(written, source.at) + escaped);
				written = source.at + 1;
			}
			source.at++;
			if (verdict === "last") {
				write(text.slice(written, source.at));
				return true;
			}
		}
		write(text.slice(written));
		if (source.isClosed) return scanner.mayEnd;
		yield;
	}
}

/** The same, in one piece; null where there is none. */
export function* readWholeJson(source: TextSource): Reading<string | null> {
	let whole = "";
	const isValid = yield* readJson(source, (text) => {
		whole += text;
	});
	return isValid ? whole : null;
}
