import {
	Badge,
	Button,
	Card,
	type CSSVariablesResolver,
	createTheme,
	type MantineColorsTuple,
	Modal,
	Paper,
	Progress,
	Table,
	Tabs,
	Tooltip,
} from "@mantine/core";

/** The sea at noon: Galley's colour. */
const tide: MantineColorsTuple = [
	"#e3fafc",
	"#c5f1f6",
	"#97e3ec",
	"#65d3e1",
	"#3bc1d3",
	"#1fabbf",
	"#12909f",
	"#0b7683",
	"#095f6a",
	"#064851",
];

/** Slate rather than soot. */
const dark: MantineColorsTuple = [
	"#d5dbe5",
	"#b6bfcd",
	"#98a3b5",
	"#6f7b8e",
	"#3a4454",
	"#2a3341",
	"#1b222d",
	"#12171f",
	"#0d1117",
	"#080b0f",
];

export const theme = createTheme({
	primaryColor: "tide",
	primaryShade: 7,
	autoContrast: true,
	colors: { tide, dark },
	defaultRadius: "md",
	cursorType: "pointer",
	respectReducedMotion: true,
	fontFamily:
		'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
	fontFamilyMonospace:
		'ui-monospace, "JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
	headings: { fontWeight: "650" },
	components: {
		Badge: Badge.extend({
			defaultProps: { variant: "light", radius: "sm" },
			styles: {
				root: { textTransform: "none", fontWeight: 550, letterSpacing: 0 },
			},
		}),
		Button: Button.extend({ styles: { label: { fontWeight: 550 } } }),
		Card: Card.extend({
			defaultProps: { withBorder: true, radius: "md", padding: "lg" },
		}),
		Paper: Paper.extend({ defaultProps: { radius: "md" } }),
		Modal: Modal.extend({
			defaultProps: { centered: true, overlayProps: { blur: 2 } },
		}),
		Table: Table.extend({
			defaultProps: { verticalSpacing: "sm", horizontalSpacing: "lg" },
		}),
		Progress: Progress.extend({ defaultProps: { color: "tide.5" } }),
		Tabs: Tabs.extend({ defaultProps: { color: "tide.5" } }),
		Tooltip: Tooltip.extend({ defaultProps: { withArrow: true } }),
	},
});

const tinted = [
	"tide",
	"gray",
	"red",
	"orange",
	"yellow",
	"green",
	"teal",
	"blue",
	"violet",
	"grape",
];

/** Text on tinted ground needs darker letters than Mantine gives it to be read by everybody (4.5 to 1). */
export const resolveVariables: CSSVariablesResolver = () => ({
	variables: {},
	light: {
		"--mantine-color-body": "#f7f8fa",
		"--mantine-color-dimmed": "#566170",
		"--mantine-color-placeholder": "#6b7684",
		"--mantine-color-error": "var(--mantine-color-red-9)",
		"--mantine-color-anchor": "var(--mantine-color-tide-8)",
		"--galley-accent": "var(--mantine-color-tide-7)",
		"--galley-surface": "#ffffff",
		"--galley-border": "#e1e5ea",
		"--galley-code-background": "#f3f5f8",
		"--galley-code-string": "#1b6b3a",
		"--galley-code-keyword": "#8a2da5",
		"--galley-code-number": "#a04a00",
		"--galley-grid": "#e6e9ee",
		...Object.fromEntries(
			tinted.map((color) => [
				`--mantine-color-${color}-light-color`,
				`color-mix(in srgb, var(--mantine-color-${color}-9), black 25%)`,
			]),
		),
	},
	dark: {
		"--mantine-color-body": "#0d1117",
		"--mantine-color-dimmed": "#98a3b5",
		"--mantine-color-placeholder": "#7f8b9e",
		"--mantine-color-error": "var(--mantine-color-red-4)",
		"--mantine-color-anchor": "var(--mantine-color-tide-3)",
		"--galley-accent": "var(--mantine-color-tide-4)",
		"--galley-surface": "#12171f",
		"--galley-border": "#252d39",
		"--galley-code-background": "#0a0e13",
		"--galley-code-string": "#8ddb8c",
		"--galley-code-keyword": "#d2a8ff",
		"--galley-code-number": "#ffb77c",
		"--galley-grid": "#1e2530",
		...Object.fromEntries(
			tinted.flatMap((color) => [
				[
					`--mantine-color-${color}-light-color`,
					`var(--mantine-color-${color}-2)`,
				],
				[
					`--mantine-color-${color}-light`,
					`color-mix(in srgb, var(--mantine-color-${color}-5) 18%, transparent)`,
				],
			]),
		),
	},
});
