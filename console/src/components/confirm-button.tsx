import { Button, type ButtonProps, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";

interface ConfirmButtonProps extends ButtonProps {
	children: ReactNode;
	/** `Revoke key "ci"?` */
	question: string;
	/** What follows from it. */
	consequence: string;
	/** The verb of the button that does it. */
	verb: string;
	onConfirm: () => void;
}

/** For what can't be taken back. */
export function ConfirmButton({
	children,
	question,
	consequence,
	verb,
	onConfirm,
	...button
}: ConfirmButtonProps) {
	const [isOpen, dialog] = useDisclosure(false);
	return (
		<>
			<Button {...button} onClick={dialog.open}>
				{children}
			</Button>
			<Modal
				opened={isOpen}
				onClose={dialog.close}
				title={question}
				closeButtonProps={{ "aria-label": "Close" }}
			>
				<Text size="sm">{consequence}</Text>
				<Group justify="flex-end" mt="lg" gap="xs">
					<Button variant="default" onClick={dialog.close} data-autofocus>
						Cancel
					</Button>
					<Button
						color="red.8"
						onClick={() => {
							dialog.close();
							onConfirm();
						}}
					>
						{verb}
					</Button>
				</Group>
			</Modal>
		</>
	);
}
