import { describe, expect, it } from "vitest";
import { startPrivateService } from "./private-service.ts";

/** Stands in for `galley run`: `-e SCRIPT run MODEL FLAGS...` leaves the flags in process.argv. */
function child(script: string) {
	const prelude = `
    const flags = Object.fromEntries(process.argv.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")));
    const where = flags.socket ?? Number(flags.port);
    const http = require("node:http");
    process.on("disconnect", () => process.exit(0));
  `;
	return {
		executable: process.execPath,
		words: ["-e", prelude + script, "--"],
	};
}

const servesAfterTwoProbes = `
  let probes = 0;
  http.createServer((request, response) => {
    if (request.url === "/environment") return response.end(JSON.stringify(process.env));
    probes++;
    response.writeHead(probes > 2 ? 200 : 503).end(JSON.stringify({ state: "loading", progress: probes / 4, eta_seconds: 9 }));
  }).listen(where);
`;

function start(
	script: string,
	changes: Partial<Parameters<typeof startPrivateService>[0]> = {},
) {
	const progress: number[] = [];
	const service = startPrivateService({
		model: "m",
		serviceArguments: [],
		listenOn: "socket",
		onProgress: (value) => progress.push(value.progress ?? 0),
		signal: new AbortController().signal,
		command: child(script),
		...changes,
	});
	return { service, progress };
}

describe("startPrivateService", () => {
	it("waits until the model answers and shows how far it is", async () => {
		const { service, progress } = start(servesAfterTwoProbes);
		await using running = await service;
		expect(running.address.socketPath).toMatch(/service\.sock$/);
		expect(progress).toContain(0.5);
	});

	it("can listen on a free port", async () => {
		const { service } = start(servesAfterTwoProbes, { listenOn: "port" });
		await using running = await service;
		expect(
			(await fetch(`${running.address.baseUrl}/v1/health/ready`)).status,
		).toBe(200);
	});

	it("keeps keys and addresses of a public service from the child", async () => {
		process.env.GALLEY_API_KEY = "secret";
		process.env.NIM_SERVER_PORT = "1";
		try {
			const { service } = start(servesAfterTwoProbes, { listenOn: "port" });
			await using running = await service;
			const environment = await (
				await fetch(`${running.address.baseUrl}/environment`)
			).json();
			expect(environment).not.toHaveProperty("GALLEY_API_KEY");
			expect(environment).not.toHaveProperty("NIM_SERVER_PORT");
			expect(environment).toHaveProperty("PATH");
		} finally {
			delete process.env.GALLEY_API_KEY;
			delete process.env.NIM_SERVER_PORT;
		}
	});

	it("repeats what a child said that gave up, with its exit code", async () => {
		const { service } = start(
			`console.error("galley: the file is damaged."); process.exit(3);`,
		);
		await expect(service).rejects.toMatchObject({
			message: "the file is damaged.",
			exitCode: 3,
		});
	});

	it("says so when a child ends without a word, or can't be started", async () => {
		await expect(start("process.exit(0);").service).rejects.toMatchObject({
			exitCode: 4,
		});
		const missing = start("", {
			command: { executable: "/nowhere/galley", words: [] },
		});
		await expect(missing.service).rejects.toThrow("ENOENT");
	});

	it("gives up when the model can't be loaded", async () => {
		const { service } = start(
			`http.createServer((request, response) => {
        response.writeHead(503).end(JSON.stringify({ state: "failed", message: "Out of memory." }));
      }).listen(where);`,
		);
		await expect(service).rejects.toMatchObject({
			message: "Out of memory.",
			exitCode: 4,
		});
	});

	it("gives up when told", async () => {
		const controller = new AbortController();
		const { service } = start("http.createServer(() => {}).listen(where);", {
			signal: controller.signal,
		});
		setImmediate(() => controller.abort());
		await expect(service).rejects.toMatchObject({ name: "AbortError" });
	});
});
