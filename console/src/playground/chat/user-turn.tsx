import { Button, Group, Textarea, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import classes from "./chat.module.css";
import { ForkSwitch } from "./fork-switch.tsx";

interface UserTurnProps {
	text: string;
	images: readonly string[];
	place: number;
	siblings: number;
	onChoose: (place: number) => void;
	/** Null while something is on its way. */
	onEdit: ((text: string) => void) | null;
}

export function UserTurn({
	text,
	images,
	place,
	siblings,
	onChoose,
	onEdit,
}: UserTurnProps) {
	const [draft, setDraft] = useState<string | null>(null);
	if (draft !== null && onEdit !== null) {
		const send = () => {
			setDraft(null);
			if (draft.trim() !== "") onEdit(draft);
		};
		return (
			<div className={classes.user}>
				<Textarea
					w="100%"
					aria-label="Edit your message"
					autosize
					minRows={2}
					maxRows={12}
					autoFocus
					value={draft}
					onChange={({ currentTarget }) => setDraft(currentTarget.value)}
					onKeyDown={(event) => {
						if (event.key === "Escape") {
							event.stopPropagation();
							setDraft(null);
						}
						if (
							event.key === "Enter" &&
							!event.shiftKey &&
							!event.nativeEvent.isComposing
						) {
							event.preventDefault();
							send();
						}
					}}
				/>
				<Group gap="xs">
					<Button
						variant="default"
						size="compact-sm"
						onClick={() => setDraft(null)}
					>
						Cancel
					</Button>
					<Button size="compact-sm" onClick={send}>
						Send as a new branch
					</Button>
				</Group>
			</div>
		);
	}
	return (
		<article
			className={`${classes.turn} ${classes.user}`}
			aria-label="Your message"
		>
			<Pictures images={images} />
			{text !== "" && <div className={classes.bubble}>{text}</div>}
			<Group gap="xs">
				<ForkSwitch
					what="question"
					place={place}
					count={siblings}
					onChoose={onChoose}
				/>
				{onEdit !== null && (
					<UnstyledButton
						fz="xs"
						c="dimmed"
						onClick={() => setDraft(text)}
						aria-label="Edit this message"
					>
						Edit
					</UnstyledButton>
				)}
			</Group>
		</article>
	);
}

export function Pictures({
	images,
	onRemove,
}: {
	images: readonly string[];
	onRemove?: (index: number) => void;
}) {
	if (images.length === 0) return null;
	return (
		<div className={classes.pictures}>
			{images.map((url, index) => {
				// Pictures have no other identity than their place.
				const key = `picture-${index}`;
				const picture = (
					<img
						key={key}
						src={url}
						alt={`Attached ${index + 1}`}
						className={classes.picture}
					/>
				);
				if (onRemove === undefined) return picture;
				return (
					<UnstyledButton
						key={key}
						aria-label={`Remove picture ${index + 1}`}
						onClick={() => onRemove(index)}
					>
						{picture}
					</UnstyledButton>
				);
			})}
		</div>
	);
}
