import {
	ActionIcon,
	Tooltip,
	useComputedColorScheme,
	useMantineColorScheme,
} from "@mantine/core";
import { MoonIcon, SunIcon } from "../components/icons.tsx";

export function ColorSchemeButton() {
	const { setColorScheme } = useMantineColorScheme();
	const scheme = useComputedColorScheme("dark");
	const other = scheme === "dark" ? "light" : "dark";
	return (
		<Tooltip label={`Switch to ${other}`}>
			<ActionIcon
				variant="subtle"
				color="gray"
				size="lg"
				onClick={() => setColorScheme(other)}
				aria-label={`Switch to ${other} colours`}
			>
				{scheme === "dark" ? <SunIcon /> : <MoonIcon />}
			</ActionIcon>
		</Tooltip>
	);
}
