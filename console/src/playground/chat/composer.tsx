import {
	ActionIcon,
	Button,
	FileButton,
	Group,
	Text,
	Textarea,
	Tooltip,
} from "@mantine/core";
import { type ClipboardEvent, type Ref, useState } from "react";
import { ImageIcon, SendIcon, StopIcon } from "../../components/icons.tsx";
import classes from "./chat.module.css";
import { mostPictures, readPicture } from "./read-picture.ts";
import { Pictures } from "./user-turn.tsx";

interface ComposerProps {
	draft: string;
	onDraft: (text: string) => void;
	onSend: (text: string, images: readonly string[]) => void;
	onStop: () => void;
	isRunning: boolean;
	/** Why nothing can be sent. */
	obstacle: string | null;
	seesImages: boolean;
	inputRef: Ref<HTMLTextAreaElement>;
}

/** Enter sends, Shift and Enter begin a new line, Escape stops. */
export function Composer({
	draft,
	onDraft,
	onSend,
	onStop,
	isRunning,
	obstacle,
	seesImages,
	inputRef,
}: ComposerProps) {
	const [images, setImages] = useState<readonly string[]>([]);
	const [problem, setProblem] = useState<string | null>(null);
	const canSend =
		!isRunning &&
		obstacle === null &&
		(draft.trim() !== "" || images.length > 0);

	const send = () => {
		if (!canSend) return;
		onSend(draft, seesImages ? images : []);
		setImages([]);
	};
	const attach = async (files: readonly File[]) => {
		setProblem(null);
		const room = mostPictures - images.length;
		if (files.length > room)
			setProblem(`A message takes at most ${mostPictures} pictures.`);
		for (const file of files.slice(0, room)) {
			const picture = await readPicture(file);
			if (picture === null)
				setProblem(`${file.name} is no picture that this browser can read.`);
			else setImages((current) => [...current, picture]);
		}
	};
	const onPaste = (event: ClipboardEvent) => {
		const files = [...event.clipboardData.files].filter(({ type }) =>
			type.startsWith("image/"),
		);
		if (files.length === 0) return;
		event.preventDefault();
		if (seesImages) void attach(files);
		else
			setProblem(
				"This model sees no pictures. Models that do are in the catalog under the task vision language.",
			);
	};

	return (
		<div className={classes.composer}>
			<div className={classes.box}>
				{seesImages && (
					<Pictures
						images={images}
						onRemove={(index) =>
							setImages((current) => current.filter((_, at) => at !== index))
						}
					/>
				)}
				<Group gap="xs" align="flex-end" wrap="nowrap">
					{seesImages && (
						<FileButton
							multiple
							accept="image/png,image/jpeg,image/webp,image/gif"
							onChange={(files) => void attach(files)}
						>
							{(props) => (
								<Tooltip label="Attach pictures">
									<ActionIcon
										{...props}
										variant="subtle"
										color="gray"
										size={36}
										aria-label="Attach pictures"
									>
										<ImageIcon size={18} />
									</ActionIcon>
								</Tooltip>
							)}
						</FileButton>
					)}
					<Textarea
						ref={inputRef}
						className={classes.input ?? ""}
						flex={1}
						aria-label="Message"
						placeholder="Ask something"
						autosize
						minRows={1}
						maxRows={10}
						value={draft}
						onChange={({ currentTarget }) => onDraft(currentTarget.value)}
						onPaste={onPaste}
						onKeyDown={(event) => {
							if (
								event.key !== "Enter" ||
								event.shiftKey ||
								event.nativeEvent.isComposing
							)
								return;
							event.preventDefault();
							send();
						}}
					/>
					{isRunning ? (
						<Button
							variant="default"
							leftSection={<StopIcon size={16} />}
							onClick={onStop}
						>
							Stop
						</Button>
					) : (
						<Button
							disabled={!canSend}
							onClick={send}
							leftSection={<SendIcon size={16} />}
						>
							Send
						</Button>
					)}
				</Group>
			</div>
			<div className={classes.hint}>
				<Text
					size="xs"
					c={(problem ?? obstacle) ? "red" : "dimmed"}
					role={problem ? "alert" : undefined}
				>
					{problem ?? obstacle ?? (
						<span className={classes.onlyWide}>
							Enter sends, Shift and Enter a new line, Escape stops
						</span>
					)}
				</Text>
			</div>
		</div>
	);
}
