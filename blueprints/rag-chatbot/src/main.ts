import { createServer } from "./api/create-server.ts";
import { openApplication } from "./application.ts";
import { ConfigError, readConfig } from "./config.ts";
import { StarterDocs } from "./starter/starter-docs.ts";
import { openTracing } from "./tracing/open-tracing.ts";

async function main(): Promise<void> {
	const config = readConfig(process.env);
	const say = (text: string) => process.stdout.write(`${text}\n`);
	const onProblem = (problem: unknown, what: string) => {
		const reason = problem instanceof Error ? problem.message : String(problem);
		process.stderr.write(`${what}: ${reason}\n`);
	};
	const tracing = await openTracing(process.env);
	const application = await openApplication(config, { onProblem, tracing });
	const app = await createServer(application);
	const starter = new StarterDocs(application, { say });
	let isClosing = false;
	const close = async () => {
		if (isClosing) process.exit(1);
		isClosing = true;
		starter.stop();
		await app.close();
		await application.close();
	};
	for (const signal of ["SIGINT", "SIGTERM"] as const)
		process.on(signal, () => {
			close().catch((error: unknown) => {
				onProblem(error, "The server did not stop cleanly");
				process.exitCode = 1;
			});
		});
	await app.listen({ host: config.host, port: config.port });
	const { port } = app.server.address() as { port: number };
	const host = config.host.includes(":") ? `[${config.host}]` : config.host;
	say(`The RAG chatbot listens on http://${host}:${port}`);
	if (config.hasStarter)
		await starter
			.ensure()
			.catch((error: unknown) =>
				onProblem(error, "Galley's own documentation was not read"),
			);
}

main().catch((error: unknown) => {
	const text =
		error instanceof ConfigError
			? error.message
			: error instanceof Error
				? (error.stack ?? error.message)
				: String(error);
	process.stderr.write(`${text}\n`);
	process.exitCode = 1;
});
