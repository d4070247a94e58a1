import {
	Button,
	Card,
	Checkbox,
	Code,
	PasswordInput,
	Stack,
	Text,
	Title,
} from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../api/client.ts";
import { storeKey } from "../api/key-storage.ts";
import { readSession } from "../api/session.ts";
import { Logo } from "./logo.tsx";
import classes from "./shell.module.css";

/** A key is tried before it is kept. */
export function SignIn() {
	useDocumentTitle("Sign in · Galley");
	const queries = useQueryClient();
	const [key, setKey] = useState("");
	const [remember, setRemember] = useState(false);
	const signIn = useMutation({
		mutationFn: async () => {
			const session = await readSession(undefined, key.trim());
			if (!session.signedIn)
				throw new ApiError("This gateway doesn't know that key.", {
					status: 401,
					code: "invalid_api_key",
				});
			storeKey(key.trim(), remember);
			await queries.resetQueries();
		},
	});
	return (
		<main className={classes.alone} style={{ maxWidth: 440 }}>
			<Stack gap="lg">
				<Logo />
				<Card
					component="form"
					onSubmit={(event) => {
						event.preventDefault();
						signIn.mutate();
					}}
				>
					<Stack gap="md">
						<div>
							<Title order={1} size="h3">
								Sign in
							</Title>
							<Text c="dimmed" size="sm" mt={4}>
								This gateway asks for a key. It stays in this browser.
							</Text>
						</div>
						<PasswordInput
							label="Key"
							placeholder="gk_..."
							value={key}
							onChange={(event) => setKey(event.currentTarget.value)}
							error={signIn.error?.message}
							autoComplete="current-password"
							data-autofocus
							required
						/>
						<Checkbox
							label="Stay signed in on this device"
							checked={remember}
							onChange={(event) => setRemember(event.currentTarget.checked)}
						/>
						<Button
							type="submit"
							loading={signIn.isPending}
							disabled={key.trim() === ""}
						>
							Sign in
						</Button>
					</Stack>
				</Card>
				<Text size="sm" c="dimmed">
					No key yet, or the last one lost? Whoever runs the gateway makes one
					on its machine with <Code>galley keys create</Code>.
				</Text>
			</Stack>
		</main>
	);
}
