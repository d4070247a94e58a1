interface Family {
	help: string | null;
	type: string | null;
	samples: string[];
}

/**
 * Several expositions in Prometheus' text format as one: the format wants all samples of a name together, under one HELP and
 * one TYPE. What the first one says of a name counts.
 */
export class MetricFamilies {
	readonly #families = new Map<string, Family>();

	/** `accepts` takes a family's name; `labels` are put before the samples' own. */
	add(
		text: string,
		labels: Readonly<Record<string, string>> = {},
		accepts: (name: string) => boolean = () => true,
	): void {
		const written = Object.entries(labels)
			.map(([name, value]) => `${name}="${escapeLabel(value)}"`)
			.join(",");
		let name: string | null = null;
		for (const line of text.split("\n")) {
			if (line === "") continue;
			const [, kind, commented] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
			if (kind !== undefined && commented !== undefined) {
				name = accepts(commented) ? commented : null;
				if (name === null) continue;
				const family = this.#family(name);
				if (kind === "HELP") family.help ??= line;
				else family.type ??= line;
			} else if (name !== null && !line.startsWith("#"))
				this.#family(name).samples.push(
					written === "" ? line : labelled(line, written),
				);
		}
	}

	render(): string {
		const blocks = [...this.#families.values()].map(({ help, type, samples }) =>
			[help, type, ...samples].filter((line) => line !== null).join("\n"),
		);
		return `${blocks.join("\n\n")}\n`;
	}

	#family(name: string): Family {
		let family = this.#families.get(name);
		if (family === undefined) {
			family = { help: null, type: null, samples: [] };
			this.#families.set(name, family);
		}
		return family;
	}
}

/** `name{a="b"} 1` or `name 1`. */
function labelled(line: string, labels: string): string {
	const end = line.search(/[{ ]/);
	if (end === -1) return line;
	const name = line.slice(0, end);
	if (line[end] === " ") return `${name}{${labels}}${line.slice(end)}`;
	const rest = line.slice(end + 1);
	return `${name}{${labels}${rest.startsWith("}") ? "" : ","}${rest}`;
}

function escapeLabel(value: string): string {
	return value
		.replaceAll("\\", "\\\\")
		.replaceAll('"', '\\"')
		.replaceAll("\n", "\\n");
}
