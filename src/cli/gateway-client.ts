import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { type Dispatcher, Pool } from "undici";
import { EventStreamScanner } from "../benchmark/event-stream.ts";
import { dataDirectory } from "../config/data-directory.ts";
import { type ErrorCode, GalleyError } from "../core/errors.ts";
import {
	type GatewayRecord,
	readGatewayRecord,
} from "../gateway/replicas/run-directory.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { parseServiceAddress, type ServiceAddress } from "./service-address.ts";

export interface GatewayFlags {
	url?: string;
	apiKey?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The flags by which a command finds its gateway. */
export function addGatewayFlags(command: Command): Command {
	return command
		.addOption(
			new Option(
				"--url <url>",
				"the gateway, where it is not the one of this machine (environment: GALLEY_URL)",
			),
		)
		.addOption(
			new Option(
				"--api-key <key>",
				"a key of it (environment: GALLEY_API_KEY)",
			),
		);
}

/** The folders in which a gateway of this user runs or ran. */
export function runDirectories(environment: Environment): string[] {
	const folder = join(dataDirectory(environment), "run");
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => join(folder, name));
}

export interface FoundGateway extends GatewayRecord {
	directory: string;
}

export function runningGateways(environment: Environment): FoundGateway[] {
	return runDirectories(environment).flatMap((directory) => {
		const record = readGatewayRecord(directory);
		return record === null ? [] : [{ ...record, directory }];
	});
}

/** The one that was named, else the one that runs here. */
export function openGateway(
	flags: GatewayFlags,
	environment: Environment,
): GatewayClient {
	const url = flags.url ?? textOf(environment.GALLEY_URL);
	const [first] = (environment.GALLEY_API_KEY ?? "").split(",");
	const key = flags.apiKey ?? textOf(first?.trim());
	if (url !== undefined)
		return new GatewayClient(parseServiceAddress(url), key ?? null);
	const found = runningGateways(environment);
	const [only] = found;
	if (only === undefined)
		throw new CommandFailure(
			"No gateway of yours runs on this machine. Start one with galley up, or name another's address with --url.",
			exitCodes.unavailable,
		);
	if (found.length > 1)
		throw new CommandFailure(
			`Several gateways run here; name one with --url: ${found.map(({ address }) => address).join(", ")}.`,
			exitCodes.usage,
		);
	const address = only.address
		.replace("//0.0.0.0:", "//127.0.0.1:")
		.replace("//[::]:", "//[::1]:");
	return new GatewayClient(parseServiceAddress(address), key ?? null);
}

/** Speaks to a gateway as any other client of its API does. */
export class GatewayClient implements AsyncDisposable {
	readonly place: string;
	readonly #pool: Pool;
	readonly #basePath: string;
	readonly #headers: Readonly<Record<string, string>>;

	constructor({ baseUrl, socketPath }: ServiceAddress, key: string | null) {
		const { origin, pathname } = new URL(baseUrl);
		this.place = socketPath ?? baseUrl;
		this.#basePath = pathname.replace(/\/$/, "");
		this.#pool = new Pool(origin, {
			...(socketPath === null ? {} : { socketPath }),
			bodyTimeout: 0,
		});
		this.#headers = key === null ? {} : { authorization: `Bearer ${key}` };
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#pool.destroy();
	}

	/** The answer's JSON; throws with the gateway's own words. */
	async call<Answer>(
		method: "GET" | "POST" | "PATCH" | "DELETE",
		path: string,
		body?: unknown,
		signal?: AbortSignal,
	): Promise<Answer> {
		const response = await this.#request(method, path, body, signal);
		const text = await response.body.text();
		if (response.statusCode >= 300)
			throw toError(response.statusCode, text, this.place);
		return JSON.parse(text) as Answer;
	}

	/** Server-sent events, each as its JSON, until the gateway ends or the signal says stop. */
	async *events<Event>(
		path: string,
		signal: AbortSignal,
	): AsyncGenerator<Event> {
		const response = await this.#request("GET", path, undefined, signal);
		if (response.statusCode !== 200)
			throw toError(
				response.statusCode,
				await response.body.text(),
				this.place,
			);
		const waiting: Event[] = [];
		const scanner = new EventStreamScanner((data) => {
			waiting.push(JSON.parse(data.toString("utf8")) as Event);
		});
		try {
			for await (const piece of response.body) {
				scanner.push(piece as Buffer);
				yield* waiting.splice(0);
			}
		} catch (error) {
			if (!signal.aborted) throw error;
		}
	}

	async #request(
		method: "GET" | "POST" | "PATCH" | "DELETE",
		path: string,
		body: unknown,
		signal: AbortSignal | undefined,
	): Promise<Dispatcher.ResponseData> {
		try {
			return await this.#pool.request({
				method,
				path: this.#basePath + path,
				headers: {
					...this.#headers,
					...(body === undefined ? {} : { "content-type": "application/json" }),
				},
				body: body === undefined ? null : JSON.stringify(body),
				signal: signal ?? null,
			});
		} catch (cause) {
			if (signal?.aborted === true) throw cause;
			const reason = cause instanceof Error ? cause.message : String(cause);
			throw new GalleyError(
				"engine_unavailable",
				`No gateway answers at ${this.place} (${reason}). Start one with galley up.`,
				{ cause },
			);
		}
	}
}

const codes: Readonly<Record<number, ErrorCode>> = {
	400: "invalid_request",
	401: "invalid_api_key",
	403: "permission_denied",
	404: "not_found",
	409: "conflict",
};

function toError(status: number, text: string, place: string): GalleyError {
	let message = `${place} answered ${status}.`;
	try {
		const { error } = JSON.parse(text) as { error?: { message?: string } };
		message = error?.message ?? message;
	} catch {
		// No gateway's answer; the status says enough.
	}
	const advice =
		status === 401 ? " Set GALLEY_API_KEY, or give --api-key." : "";
	return new GalleyError(codes[status] ?? "engine_error", message + advice);
}

function textOf(value: string | undefined): string | undefined {
	return value === undefined || value.trim() === "" ? undefined : value.trim();
}
