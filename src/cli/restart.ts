import type { Command } from "commander";
import { commandSummaries } from "./command-table.ts";
import { addGatewayFlags, openGateway } from "./gateway-client.ts";
import {
	type WaitFlags,
	waitFlag,
	waitForService,
} from "./wait-for-service.ts";

export function registerRestartCommand(program: Command): void {
	addGatewayFlags(
		program
			.command("restart")
			.description(commandSummaries.restart)
			.argument("<service>", "a service of the fleet")
			.addOption(waitFlag())
			.option("--json", "the service's status, for machines"),
	).action(async (service: string, flags: WaitFlags) => {
		await using client = openGateway(flags, process.env);
		const path = `/v1/fleet/services/${encodeURIComponent(service)}/restart`;
		process.exitCode = await waitForService(client, service, flags, {
			begin: () => client.call("POST", path),
			// A process is another one when it has another number.
			isDone: (now, before) => {
				const old = new Set(before.replicas.map(({ pid }) => pid));
				return now.replicas.every(
					({ pid, phase }) =>
						phase === "stopped" || (phase === "ready" && !old.has(pid)),
				);
			},
		});
	});
}
