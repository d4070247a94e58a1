/** As the console's other icons are drawn. */
export function PencilIcon({ size = 18 }: { size?: number }) {
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
		>
			<path d="M5 19l1-4L16 5l3 3L9 18z" />
			<path d="M14 7l3 3" />
		</svg>
	);
}
