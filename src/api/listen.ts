import { lstat, readFile, unlink } from "node:fs/promises";
import { type AddressInfo, connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { GalleyError } from "../core/errors.ts";
import type { TlsMaterial } from "./api-options.ts";

export type ListenTarget =
	| { host: string /** 0 takes a free one. */; port: number }
	| { socketPath: string };

/** Starts listening; returns the address that clients use. */
export async function listen(
	app: FastifyInstance,
	target: ListenTarget,
): Promise<string> {
	if ("socketPath" in target) {
		await removeStaleSocket(target.socketPath);
		await bind(app, { path: target.socketPath }, target.socketPath);
		return `unix:${target.socketPath}`;
	}
	const { host, port } = target;
	await bind(app, { host, port }, `${host}:${port}`);
	const bound = app.server.address() as AddressInfo;
	const scheme = "setSecureContext" in app.server ? "https" : "http";
	const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
	return `${scheme}://${name}:${bound.port}`;
}

async function bind(
	app: FastifyInstance,
	where: { path: string } | { host: string; port: number },
	name: string,
): Promise<void> {
	try {
		await app.listen(where);
	} catch (cause) {
		throw toListenError(cause, name);
	}
}

const listenAdvice: Readonly<Record<string, string>> = {
	EADDRINUSE:
		"it is in use. Stop the process that holds it, or choose another.",
	EACCES: "permission is denied. Choose a port above 1023 or another path.",
	EADDRNOTAVAIL: "this machine does not have that address. Choose another.",
	ENOTFOUND: "the host name is not known. Check its spelling.",
	ENOENT: "its folder does not exist. Create it first.",
};

function toListenError(cause: unknown, name: string): unknown {
	const code =
		cause instanceof Error && "code" in cause ? String(cause.code) : "";
	const advice = listenAdvice[code];
	if (advice === undefined) return cause;
	const message = `Can't listen on ${name}: ${advice}`;
	return new GalleyError("invalid_configuration", message, { cause });
}

/** A process that was killed leaves its socket behind. One that nobody answers on may go; other files may not. */
async function removeStaleSocket(path: string): Promise<void> {
	const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return null;
		throw error;
	});
	if (found?.isSocket() !== true) return;
	const isAnswered = await new Promise<boolean>((resolve) => {
		const socket = connect({ path });
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", (error: NodeJS.ErrnoException) =>
			resolve(error.code !== "ECONNREFUSED"),
		);
	});
	if (!isAnswered) await unlink(path);
}

export interface TlsFiles {
	certificatePath: string;
	privateKeyPath: string;
	/** Asks clients for a certificate signed by one of these authorities. */
	clientAuthoritiesPath?: string | undefined;
}

export async function readTlsFiles(files: TlsFiles): Promise<TlsMaterial> {
	const [certificate, privateKey, clientAuthorities] = await Promise.all([
		readPem(files.certificatePath, "certificate"),
		readPem(files.privateKeyPath, "private key"),
		files.clientAuthoritiesPath === undefined
			? null
			: readPem(files.clientAuthoritiesPath, "client authorities"),
	]);
	return { certificate, privateKey, clientAuthorities };
}

async function readPem(path: string, what: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (cause) {
		const message = `Can't read the TLS ${what} at '${path}': check that the file exists and may be read.`;
		throw new GalleyError("invalid_configuration", message, { cause });
	}
}
