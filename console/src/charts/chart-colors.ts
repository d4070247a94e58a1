import { useComputedColorScheme } from "@mantine/core";

export interface ChartColors {
	series: readonly string[];
	axis: string;
	grid: string;
	target: string;
	prefill: string;
	decode: string;
	waiting: string;
	cached: string;
	surface: string;
}

const darkColors: ChartColors = {
	series: ["#3bc1d3", "#a78bfa", "#f2a65a", "#7bd88f", "#f27ea9", "#8fb3ff"],
	axis: "#98a3b5",
	grid: "#1e2530",
	target: "#f2a65a",
	prefill: "#f2b45a",
	decode: "#2fb6c9",
	waiting: "#6f7b8e",
	cached: "#a78bfa",
	surface: "#12171f",
};

const lightColors: ChartColors = {
	series: ["#0b7683", "#6d4bd8", "#b85c00", "#2b8a3e", "#c2255c", "#2f5fd0"],
	axis: "#566170",
	grid: "#e6e9ee",
	target: "#b85c00",
	prefill: "#e08a1e",
	decode: "#12909f",
	waiting: "#98a3b5",
	cached: "#7c5ce0",
	surface: "#ffffff",
};

/** A canvas knows no CSS variables. */
export function useChartColors(): ChartColors {
	return useComputedColorScheme("dark") === "dark" ? darkColors : lightColors;
}
