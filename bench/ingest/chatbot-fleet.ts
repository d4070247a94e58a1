import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerFleet, ServerProcess } from "../harness/server-process.ts";

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const galleyMain = program("../../dist/cli/main.js");
export const chatbotMain = program("../../blueprints/rag-chatbot/src/main.ts");
export const starterModel = (name: string) => program(`../../models/${name}`);

/** The site of `site-server.ts`. */
export function startSite(
	fleet: ServerFleet,
	pages: number,
): Promise<ServerProcess> {
	return fleet.start({
		name: "site",
		command: process.execPath,
		toArguments: (port) => [
			...["--import", "tsx", program("site-server.ts")],
			...[String(port), String(pages)],
		],
	});
}

/** A model as `galley run` serves it. */
export function startService(
	fleet: ServerFleet,
	galley: string,
	model: string,
	flags: readonly string[],
): Promise<ServerProcess> {
	return fleet.start({
		name: `galley-${basename(model)}`,
		command: process.execPath,
		toArguments: (port) => [
			...[galley, "run", model, "--port", String(port)],
			...["--log-level", "warn", ...flags],
		],
	});
}

/** The chatbot as `npm start` in its folder runs it; it reads only that one private host. */
export function startChatbot(
	fleet: ServerFleet,
	file: string,
	{
		dataDirectory,
		allowedHost,
		settings,
	}: {
		dataDirectory: string;
		allowedHost: string;
		settings: Readonly<Record<string, string>>;
	},
): Promise<ServerProcess> {
	const environment = {
		RAG_DATA_DIR: join(dataDirectory, "rag"),
		RAG_STARTER: "off",
		ALLOWED_HOSTS: allowedHost,
		CRAWL_DELAY_MS: "0",
		...settings,
	};
	return fleet.start({
		name: "chatbot",
		command: "env",
		toArguments: (port) => [
			`RAG_PORT=${port}`,
			...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
			process.execPath,
			...(file.endsWith(".ts") ? ["--import", "tsx"] : []),
			file,
		],
	});
}

/** GET, or POST where there is a body; the answer's JSON. */
export async function askChatbot<Answer>(
	{ url }: ServerProcess,
	path: string,
	body?: object,
): Promise<Answer> {
	const response = await fetch(
		`${url}${path}`,
		body === undefined
			? {}
			: {
					method: "POST",
					headers: { "content-type": "application/json" },
					body: JSON.stringify(body),
				},
	);
	if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
	return (await response.json()) as Answer;
}

/** A new collection of that name; its id. */
export async function createCollection(
	chatbot: ServerProcess,
	name: string,
): Promise<string> {
	const { id } = await askChatbot<{ id: string }>(chatbot, "/v1/collections", {
		name,
	});
	return id;
}
