import { Badge, Code, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { OutsideLink } from "../components/links.tsx";
import {
	formatBytes,
	formatParameters,
	formatTokens,
	formatWord,
} from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import classes from "./model.module.css";
import { recommendedSettings } from "./recommended-settings.ts";

const engines = {
	llama: "llama.cpp",
	onnx: "ONNX Runtime",
	none: "not served yet",
};

export function ModelFacts({ entry }: { entry: CatalogEntry }) {
	const { licence, languages, capabilities, settings, served, memory } = entry;
	const abilities = Object.entries(capabilities)
		.filter(([, value]) => value === true)
		.map(([name]) => (name === "json" ? "JSON" : formatWord(name)));
	return (
		<Section title="Facts">
			<dl className={classes.facts}>
				<Fact name="Tasks">
					<Tags words={entry.tasks} />
				</Fact>
				<Fact name="Parameters">
					{formatParameters(entry.parameters)}
					{entry.activeParameters !== undefined &&
						`, ${formatParameters(entry.activeParameters)} active`}
				</Fact>
				<Fact name="Context">
					{entry.contextLength === null
						? "no tokens"
						: formatTokens(entry.contextLength)}
				</Fact>
				<Fact name="Licence">
					<OutsideLink href={licence.url}>{licence.name}</OutsideLink>
					<Text size="xs" c="dimmed">
						Commercial use: {licence.commercialUse}
					</Text>
				</Fact>
				<Fact name="Languages">
					{languages === "unknown"
						? "unknown"
						: languages.length === 0
							? "none"
							: languages.map(languageName).join(", ")}
				</Fact>
				<Fact name="Can">
					{abilities.length === 0 ? "nothing special" : abilities.join(", ")}
				</Fact>
				<Fact name="Engine">
					{engines[served.engine]}
					{served.note !== null && (
						<Text size="xs" c="dimmed">
							{served.note}
						</Text>
					)}
				</Fact>
				<Fact name="Memory">
					{memory === "unknown"
						? `about ${formatBytes(entry.fit?.needBytes)}`
						: `${formatBytes(memory.bytes)} (${memory.note})`}
				</Fact>
				<Fact name="Released">{entry.released}</Fact>
				{entry.useCases.length > 0 && (
					<Fact name="Use cases">
						<Tags words={entry.useCases} />
					</Fact>
				)}
				{entry.industries.length > 0 && (
					<Fact name="Industries">
						<Tags words={entry.industries} />
					</Fact>
				)}
				{settings !== "unknown" && Object.keys(settings).length > 0 && (
					<Fact name="Recommended">
						{Object.entries(recommendedSettings(entry)).map(([name, value]) => (
							<div key={name}>
								<Code>{name}</Code> {value}
							</div>
						))}
						{settings.note !== undefined && (
							<Text size="xs" c="dimmed" mt={4}>
								{settings.note}
							</Text>
						)}
					</Fact>
				)}
			</dl>
		</Section>
	);
}

/** `en` is "English"; a code that no browser knows stays what it is. */
function languageName(code: string): string {
	if (code === "mul") return "many";
	try {
		return new Intl.DisplayNames("en", { type: "language" }).of(code) ?? code;
	} catch {
		// Not of the form that codes have.
		return code;
	}
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
	return (
		<>
			<dt>{name}</dt>
			<dd>{children}</dd>
		</>
	);
}

function Tags({ words }: { words: readonly string[] }) {
	return (
		<Group gap={4}>
			{words.map((word) => (
				<Badge key={word} color="gray" size="sm">
					{formatWord(word)}
				</Badge>
			))}
		</Group>
	);
}
