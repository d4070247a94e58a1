import {
	Alert,
	Button,
	CopyButton,
	Group,
	Modal,
	Stack,
	Text,
	TextInput,
} from "@mantine/core";
import type { CreatedKey } from "../api/access-types.ts";
import { CodeBlock } from "../components/code-block.tsx";
import { CheckIcon, CopyIcon, LockIcon } from "../components/icons.tsx";

interface NewKeyDialogProps {
	created: CreatedKey | null;
	onClose: () => void;
}

/** The only time that a key's secret is seen. */
export function NewKeyDialog({ created, onClose }: NewKeyDialogProps) {
	return (
		<Modal
			opened={created !== null}
			onClose={onClose}
			closeOnClickOutside={false}
			closeOnEscape={false}
			withCloseButton={false}
			size="lg"
			title={`Key ${created?.name ?? ""}`}
		>
			<Stack gap="md">
				<Alert color="orange" icon={<LockIcon />} title="Copy it now">
					It is shown this once: the gateway keeps only a hash of it.
				</Alert>
				<TextInput
					label="Key"
					readOnly
					value={created?.key ?? ""}
					styles={{
						input: {
							fontFamily: "var(--mantine-font-family-monospace)",
							// At 14 pixels Chromium cuts off what hangs below the line: underscores.
							fontSize: 15,
						},
					}}
					onFocus={({ currentTarget }) => currentTarget.select()}
				/>
				<div>
					<Text size="sm" mb={6}>
						Programs read it from their environment, as the code samples of each
						model and of the playground do:
					</Text>
					<CodeBlock
						code={`export GALLEY_API_KEY='${created?.key ?? ""}'`}
						language="bash"
						label="Command"
					/>
				</div>
				<Group justify="flex-end" gap="xs">
					<CopyButton value={created?.key ?? ""}>
						{({ copied, copy }) => (
							<Button
								onClick={copy}
								leftSection={
									copied ? <CheckIcon size={16} /> : <CopyIcon size={16} />
								}
								data-autofocus
							>
								{copied ? "Copied" : "Copy"}
							</Button>
						)}
					</CopyButton>
					<Button variant="default" onClick={onClose}>
						I have it
					</Button>
				</Group>
			</Stack>
		</Modal>
	);
}
