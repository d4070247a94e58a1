import classes from "./publisher-mark.module.css";

/** No logos: initials in a colour that stays with the name. */
export function PublisherMark({
	name,
	size = 36,
}: {
	name: string;
	size?: number;
}) {
	let hash = 0;
	for (const letter of name)
		hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
	const initials = name
		.split(/[\s/-]+/)
		.filter((word) => /^[\p{L}\d]/u.test(word))
		.slice(0, 2)
		.map((word) => word.charAt(0).toUpperCase())
		.join("");
	return (
		<span
			className={classes.mark}
			aria-hidden="true"
			style={{
				width: size,
				height: size,
				fontSize: size * 0.38,
				backgroundColor: `hsl(${hash} 45% 32%)`,
			}}
		>
			{initials}
		</span>
	);
}
