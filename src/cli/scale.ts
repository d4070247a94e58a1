import { type Command, InvalidArgumentError } from "commander";
import { commandSummaries } from "./command-table.ts";
import { addGatewayFlags, openGateway } from "./gateway-client.ts";
import {
	type WaitFlags,
	waitFlag,
	waitForService,
} from "./wait-for-service.ts";

export function registerScaleCommand(program: Command): void {
	addGatewayFlags(
		program
			.command("scale")
			.description(commandSummaries.scale)
			.argument("<service>", "a service of the fleet")
			.argument("<replicas>", "from 0 to 64", replicas)
			.addOption(waitFlag())
			.option("--json", "the service's status, for machines"),
	).action(async (service: string, count: number, flags: WaitFlags) => {
		await using client = openGateway(flags, process.env);
		const path = `/v1/fleet/services/${encodeURIComponent(service)}/scale`;
		process.exitCode = await waitForService(client, service, flags, {
			begin: () => client.call("POST", path, { replicas: count }),
			isDone: (now) =>
				now.replicas.length === count &&
				now.replicas.every(
					({ phase }) =>
						phase === "ready" ||
						(phase === "stopped" && now.start === "on-demand"),
				),
		});
	});
}

function replicas(text: string): number {
	const value = text.trim() === "" ? Number.NaN : Number(text);
	if (Number.isInteger(value) && value >= 0 && value <= 64) return value;
	throw new InvalidArgumentError("Write a whole number from 0 to 64.");
}
