import {
	Alert,
	Button,
	Checkbox,
	Group,
	Modal,
	NumberInput,
	SimpleGrid,
	Stack,
	TagsInput,
	TextInput,
} from "@mantine/core";
import { useState } from "react";
import { useKeyActions } from "../api/access-queries.ts";
import type {
	ApiKey,
	CreatedKey,
	KeyLimits,
	KeyRequest,
} from "../api/access-types.ts";
import { type Scope, useSession } from "../api/client.ts";
import { useServedModels } from "../api/fleet-queries.ts";
import { FailureAlert } from "../components/failure-alert.tsx";

interface KeyFormProps {
	isOpen: boolean;
	onClose: () => void;
	/** The key to change; null makes a new one. */
	changed: ApiKey | null;
	onCreated: (key: CreatedKey) => void;
}

const limitFields = [
	["requestsPerMinute", "Requests a minute"],
	["tokensPerMinute", "Tokens a minute"],
	["tokensPerDay", "Tokens a day"],
	["concurrency", "Requests at a time"],
	["spendUsd", "Spend in US dollars"],
] as const satisfies readonly (readonly [keyof KeyLimits, string])[];

const scopeFields: readonly [Scope, string, string][] = [
	["inference", "Use models", "Chat, completions, embeddings and the like."],
	["read", "Look", "Fleet, logs, benchmarks; nothing is changed."],
	[
		"admin",
		"Administer",
		"Deploy, scale, keys. Give it to people, not to programs.",
	],
];

export function KeyForm({ isOpen, onClose, changed, onCreated }: KeyFormProps) {
	const { create, change } = useKeyActions();
	const models = useServedModels();
	const { session } = useSession();
	const isFirst = changed === null && session !== null && !session.keysRequired;
	const [name, setName] = useState(changed?.name ?? "");
	const [scopes, setScopes] = useState<readonly Scope[]>(
		changed?.scopes ??
			(isFirst ? ["inference", "read", "admin"] : ["inference"]),
	);
	const [patterns, setPatterns] = useState<string[]>([
		...(changed?.models ?? []),
	]);
	const [expiry, setExpiry] = useState(changed?.expiresAt?.slice(0, 10) ?? "");
	const [limits, setLimits] = useState<KeyLimits>(changed?.limits ?? {});
	const submit = () => {
		const request: KeyRequest = {
			name: name.trim(),
			scopes,
			models: patterns.length === 0 ? null : patterns,
			expiresAt: expiry === "" ? null : `${expiry}T23:59:59Z`,
			limits,
		};
		if (changed !== null)
			change.mutate({ id: changed.id, ...request }, { onSuccess: onClose });
		else
			create.mutate(request, {
				onSuccess: (key) => {
					onClose();
					onCreated(key);
				},
			});
	};
	return (
		<Modal
			opened={isOpen}
			onClose={onClose}
			size="lg"
			title={changed === null ? "Create a key" : `Change ${changed.name}`}
			closeButtonProps={{ "aria-label": "Close" }}
		>
			<form
				onSubmit={(event) => {
					event.preventDefault();
					submit();
				}}
			>
				<Stack gap="md">
					<TextInput
						label="Name"
						description="Who or what uses it; it is what usage shows."
						placeholder="rag-chatbot"
						value={name}
						onChange={({ currentTarget }) => setName(currentTarget.value)}
						required
						maxLength={100}
						data-autofocus
					/>
					<Checkbox.Group
						label="It may"
						value={[...scopes]}
						onChange={(values) => setScopes(values as Scope[])}
					>
						<Stack gap="xs" mt="xs">
							{scopeFields.map(([value, label, description]) => (
								<Checkbox
									key={value}
									value={value}
									label={label}
									description={description}
								/>
							))}
						</Stack>
					</Checkbox.Group>
					{isFirst && (
						<Alert color="tide" variant="light" title="The first key">
							{scopes.includes("admin")
								? "From now on this gateway asks everybody for a key. This page goes on with the new one."
								: "From now on this gateway asks everybody for a key. With this one you can't change anything here any more: let it administer, and make others for your programs."}
						</Alert>
					)}
					<TagsInput
						label="Models"
						description="Names; * stands for any part of one. Empty is all."
						placeholder={patterns.length === 0 ? "all" : ""}
						value={patterns}
						onChange={setPatterns}
						data={(models.data ?? []).map(({ id }) => id)}
						clearable={false}
					/>
					<TextInput
						type="date"
						label="Expires"
						description="Empty: never."
						value={expiry}
						onChange={({ currentTarget }) => setExpiry(currentTarget.value)}
					/>
					<SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
						{limitFields.map(([field, label]) => (
							<NumberInput
								key={field}
								label={label}
								placeholder="no limit"
								value={limits[field] ?? ""}
								onChange={(value) =>
									setLimits((before) => ({
										...before,
										[field]: value === "" ? null : Number(value),
									}))
								}
								min={0}
								thousandSeparator=","
								hideControls
							/>
						))}
					</SimpleGrid>
					<FailureAlert error={create.error ?? change.error} />
					<Group justify="flex-end" gap="xs">
						<Button variant="default" onClick={onClose}>
							Cancel
						</Button>
						<Button
							type="submit"
							loading={create.isPending || change.isPending}
							disabled={name.trim() === "" || scopes.length === 0}
						>
							{changed === null ? "Create key" : "Save"}
						</Button>
					</Group>
				</Stack>
			</form>
		</Modal>
	);
}
