import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createHashEmbedding } from "../api/testing/hash-encoder.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { createEncoderMetrics } from "../observability/encoder-metrics.ts";
import { createLogger } from "../observability/logger.ts";
import { openEncoderDoor } from "./encoder-door.ts";

const logger = createLogger({
	level: "silent",
	format: "json",
	destination: { write() {} },
});

function openDoor(flags: Record<string, unknown>) {
	return openEncoderDoor(
		createHashEmbedding().service,
		createEncoderMetrics({ modelName: "hash-embed", version: "1" }),
		resolveServiceConfig({ flags: { port: "0", ...flags }, environment: {} }),
		logger,
	);
}

test("a door opens HTTP and gRPC, and closes both", async () => {
	const door = await openDoor({ grpcPort: "0" });
	expect(door.grpcAddress).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
	const metrics = await fetch(`${door.address}/metrics`);
	expect(await metrics.text()).toContain(
		'galley:ready{model_name="hash-embed"} 1',
	);
	await door.close();
	await expect(fetch(door.address)).rejects.toThrow();
});

test("without gRPC where it is off", async () => {
	const door = await openDoor({ grpcPort: "off" });
	expect(door.grpcAddress).toBeNull();
	await door.close();
});

test("a gRPC port that was asked for and is taken is an error; HTTP is closed again", async () => {
	const taken = createServer();
	await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
	const { port } = taken.address() as AddressInfo;
	await expect(openDoor({ grpcPort: String(port) })).rejects.toThrow(
		/--grpc-port/,
	);
	taken.close();
});

test("values of the option that are no port are refused", () => {
	const resolve = (grpcPort: unknown) =>
		resolveServiceConfig({ flags: { grpcPort }, environment: {} }).grpcPort;
	expect(resolve("OFF")).toBe("off");
	expect(resolve("9001")).toBe(9001);
	expect(resolve(undefined)).toBeNull();
	expect(() => resolve("nine")).toThrow(
		/must be a port from 0 to 65535, or off/,
	);
});
