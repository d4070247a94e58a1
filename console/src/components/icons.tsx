import type { ReactNode, SVGProps } from "react";

export type IconProps = Omit<SVGProps<SVGSVGElement>, "children"> & {
	size?: number | string;
};
export type Icon = (props: IconProps) => ReactNode;

/** Line drawings on a grid of 24; they take the colour of the text and mean nothing to a screen reader: the label beside them does. */
function drawn(...paths: string[]): Icon {
	return function DrawnIcon({ size = 18, ...rest }: IconProps) {
		return (
			<svg
				width={size}
				height={size}
				viewBox="0 0 24 24"
				fill="none"
				stroke="currentColor"
				strokeWidth={1.75}
				strokeLinecap="round"
				strokeLinejoin="round"
				aria-hidden="true"
				focusable="false"
				{...rest}
			>
				{paths.map((path) => (
					<path key={path} d={path} />
				))}
			</svg>
		);
	};
}

export const HomeIcon = drawn(
	"M4 11l8-7 8 7",
	"M6 10v10h12V10",
	"M10 20v-5h4v5",
);
export const CatalogIcon = drawn(
	"M4 4h7v7H4z",
	"M13 4h7v7h-7z",
	"M4 13h7v7H4z",
	"M13 13h7v7h-7z",
);
export const PlaygroundIcon = drawn(
	"M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7l-5 4v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z",
	"M8 9h8",
	"M8 12h5",
);
export const FleetIcon = drawn(
	"M4 5h16v6H4z",
	"M4 13h16v6H4z",
	"M8 8h.01",
	"M8 16h.01",
	"M12 8h5",
	"M12 16h5",
);
export const KeyIcon = drawn(
	"M15 9a5 5 0 1 1-4.6 7H4v-4",
	"M15 14h.01",
	"M4 16v3h3",
);
export const UsageIcon = drawn("M4 20h16", "M7 16v-5", "M12 16V6", "M17 16v-8");
export const GaugeIcon = drawn(
	"M4.5 18a9 9 0 1 1 15 0",
	"M12 14l4-5",
	"M12 14h.01",
);
export const ClipboardIcon = drawn(
	"M9 4h6v3H9z",
	"M9 5H6v15h12V5h-3",
	"M9 12l2 2 4-4",
	"M9 17h6",
);
export const BlueprintIcon = drawn(
	"M12 3l8 4.5v9L12 21l-8-4.5v-9z",
	"M12 12l8-4.5",
	"M12 12L4 7.5",
	"M12 12v9",
);
export const SearchIcon = drawn(
	"M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14z",
	"M16 16l4 4",
);
export const CopyIcon = drawn("M9 9h10v11H9z", "M5 15V4h10");
export const CheckIcon = drawn("M5 12.5l4.5 4.5L19 7");
export const CloseIcon = drawn("M6 6l12 12", "M18 6L6 18");
export const PlusIcon = drawn("M12 5v14", "M5 12h14");
export const PlayIcon = drawn("M7 5l12 7-12 7z");
export const StopIcon = drawn("M7 7h10v10H7z");
export const RestartIcon = drawn("M19 12a7 7 0 1 1-2-5", "M19 4v4h-4");
export const TrashIcon = drawn(
	"M5 7h14",
	"M10 4h4",
	"M7 7l1 13h8l1-13",
	"M10 11v5",
	"M14 11v5",
);
export const DownloadIcon = drawn("M12 4v11", "M7 11l5 5 5-5", "M5 20h14");
export const ExternalIcon = drawn("M14 4h6v6", "M20 4l-9 9", "M18 14v6H4V6h6");
export const SunIcon = drawn(
	"M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
	"M12 3v1",
	"M12 20v1",
	"M3 12h1",
	"M20 12h1",
	"M5.6 5.6l.8.8",
	"M17.6 17.6l.8.8",
	"M5.6 18.4l.8-.8",
	"M17.6 6.4l.8-.8",
);
export const MoonIcon = drawn(
	"M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
);
export const AlertIcon = drawn("M12 4l9 16H3z", "M12 10v4", "M12 17h.01");
export const OfflineIcon = drawn(
	"M4 4l16 16",
	"M8.5 16.5a5 5 0 0 1 7 0",
	"M5 13a10 10 0 0 1 4-2.4",
	"M13 10.2a10 10 0 0 1 6 2.8",
	"M12 20h.01",
	"M2 9.5a15 15 0 0 1 4-2.5",
	"M10 6a15 15 0 0 1 12 3.5",
);
export const LockIcon = drawn("M6 11h12v9H6z", "M9 11V8a3 3 0 0 1 6 0v3");
export const EyeIcon = drawn(
	"M3 12c3-5 6-7 9-7s6 2 9 7c-3 5-6 7-9 7s-6-2-9-7z",
	"M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
);
export const UserIcon = drawn(
	"M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
	"M4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6",
);
export const ChevronRightIcon = drawn("M9 6l6 6-6 6");
export const FilterIcon = drawn("M4 6h16", "M7 12h10", "M10 18h4");
export const RocketIcon = drawn(
	"M12 15l-3-3c1-5 4-8 10-8 0 6-3 9-8 10z",
	"M9 12H5l2-4h4",
	"M12 15v4l4-2v-4",
	"M5 19c0-2 1-3 2-3s1 0 1 1-1 2-3 2z",
);
export const ColumnsIcon = drawn("M4 5h16v14H4z", "M12 5v14");
export const SettingsIcon = drawn(
	"M4 7h9",
	"M17 7h3",
	"M15 5v4",
	"M4 17h3",
	"M11 17h9",
	"M9 15v4",
);
export const TuneIcon = drawn(
	"M6 4v7",
	"M6 15v5",
	"M4 13h4",
	"M12 4v3",
	"M12 11v9",
	"M10 9h4",
	"M18 4v9",
	"M18 17v3",
	"M16 15h4",
);
export const ImageIcon = drawn(
	"M4 5h16v14H4z",
	"M4 16l5-5 4 4 3-3 4 4",
	"M15 9h.01",
);
export const SendIcon = drawn("M4 12l16-8-5 16-4-6z", "M11 14l9-10");
export const ToolIcon = drawn(
	"M14 6a4 4 0 0 1 5.5 4.8l-2.7-1-2 2 1 2.7A4 4 0 0 1 11 9L4 16l3 3 5-5",
);
export const ListIcon = drawn(
	"M8 6h12",
	"M8 12h12",
	"M8 18h12",
	"M4 6h.01",
	"M4 12h.01",
	"M4 18h.01",
);
export const CodeIcon = drawn("M9 7l-5 5 5 5", "M15 7l5 5-5 5");
export const PencilIcon = drawn("M5 19l1-4L16 5l3 3L9 18z", "M14 7l3 3");
