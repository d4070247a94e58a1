import {
	ActionIcon,
	Button,
	Group,
	Menu,
	Modal,
	NumberInput,
	Stack,
	Text,
	Tooltip,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useSession } from "../api/client.ts";
import { useFleetActions } from "../api/fleet-queries.ts";
import type { Service } from "../api/fleet-types.ts";
import { FailureAlert } from "../components/failure-alert.tsx";
import {
	PlayIcon,
	RestartIcon,
	SettingsIcon,
	StopIcon,
	TrashIcon,
} from "../components/icons.tsx";

type Dialog = "scale" | "stop" | "remove";

/** Start, stop, restart, scale, take away. Without the right for it there is nothing to press. */
export function ServiceActions({ service }: { service: Service }) {
	const { name, replicas } = service;
	const { mayAdmin } = useSession();
	const { act, scale, remove } = useFleetActions();
	const [isOpen, modal] = useDisclosure(false);
	const [dialog, setDialog] = useState<Dialog>("scale");
	const [wanted, setWanted] = useState<number | string>(replicas.length);
	if (!mayAdmin) return null;
	const isUp = replicas.some(({ phase }) => phase !== "stopped");
	const error = act.error ?? scale.error ?? remove.error;
	const open = (which: Dialog) => {
		setDialog(which);
		setWanted(replicas.length);
		modal.open();
	};
	return (
		<Stack gap="xs">
			<Group gap={4} wrap="nowrap">
				{isUp ? (
					<Tooltip label="Stop">
						<ActionIcon
							variant="default"
							size="lg"
							aria-label={`Stop ${name}`}
							loading={act.isPending && act.variables.action === "stop"}
							onClick={() => open("stop")}
						>
							<StopIcon />
						</ActionIcon>
					</Tooltip>
				) : (
					<Tooltip label="Start">
						<ActionIcon
							variant="default"
							size="lg"
							aria-label={`Start ${name}`}
							loading={act.isPending && act.variables.action === "start"}
							onClick={() => act.mutate({ name, action: "start" })}
						>
							<PlayIcon />
						</ActionIcon>
					</Tooltip>
				)}
				<Menu position="bottom-end" width={180}>
					<Menu.Target>
						<ActionIcon
							variant="default"
							size="lg"
							aria-label={`More actions for ${name}`}
						>
							<SettingsIcon />
						</ActionIcon>
					</Menu.Target>
					<Menu.Dropdown>
						<Menu.Item
							leftSection={<RestartIcon size={16} />}
							onClick={() => act.mutate({ name, action: "restart" })}
						>
							Restart
						</Menu.Item>
						<Menu.Item
							leftSection={<SettingsIcon size={16} />}
							onClick={() => open("scale")}
						>
							Scale …
						</Menu.Item>
						<Menu.Item
							color="red"
							leftSection={<TrashIcon size={16} />}
							onClick={() => open("remove")}
						>
							Take away …
						</Menu.Item>
					</Menu.Dropdown>
				</Menu>
			</Group>
			<FailureAlert error={error} />
			<Modal
				opened={isOpen}
				onClose={modal.close}
				title={titles[dialog](name)}
				closeButtonProps={{ "aria-label": "Close" }}
			>
				<form
					onSubmit={(event) => {
						event.preventDefault();
						modal.close();
						if (dialog === "scale")
							scale.mutate({ name, replicas: Number(wanted) });
						if (dialog === "stop") act.mutate({ name, action: "stop" });
						if (dialog === "remove") remove.mutate(name);
					}}
				>
					{dialog === "scale" ? (
						<NumberInput
							label="Replicas"
							description="Each is a process of its own with its own memory. 0 stops the service until somebody asks for it."
							value={wanted}
							onChange={setWanted}
							min={0}
							max={64}
							allowDecimal={false}
							data-autofocus
						/>
					) : (
						<Text size="sm">{consequences[dialog]}</Text>
					)}
					<Group justify="flex-end" mt="lg" gap="xs">
						<Button variant="default" onClick={modal.close}>
							Cancel
						</Button>
						<Button
							type="submit"
							{...(dialog === "scale" ? {} : { color: "red.8" })}
						>
							{verbs[dialog]}
						</Button>
					</Group>
				</form>
			</Modal>
		</Stack>
	);
}

const titles: Record<Dialog, (name: string) => string> = {
	scale: (name) => `Scale ${name}`,
	stop: (name) => `Stop ${name}?`,
	remove: (name) => `Take ${name} away?`,
};

const verbs: Record<Dialog, string> = {
	scale: "Scale",
	stop: "Stop",
	remove: "Take away",
};

const consequences = {
	stop: "Requests in flight are finished first; new ones are refused until it is started again.",
	remove:
		"Requests in flight are finished first. The model's files stay on this machine.",
};
