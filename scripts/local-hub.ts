/**
 * `npm run hub -- DIRECTORY`: serves `DIRECTORY/<organisation>/<repository>/<files>` the way a model hub does, on this machine
 * only, to try downloads without one: `HF_ENDPOINT=<the address it prints> galley pull organisation/repository`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HubServer } from "../src/models/testing/hub-server.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) {
	console.error("Usage: npm run hub -- DIRECTORY");
	process.exit(2);
}
const hub = await HubServer.start();
for (const organisation of folders(directory))
	for (const name of folders(join(directory, organisation))) {
		const folder = join(directory, organisation, name);
		const files = readdirSync(folder, { withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => [entry.name, readFileSync(join(folder, entry.name))]);
		hub.add(`${organisation}/${name}`, Object.fromEntries(files));
		console.log(`${organisation}/${name}: ${files.length} files`);
	}
console.log(`HF_ENDPOINT=${hub.endpoint}`);

function folders(parent: string): string[] {
	return readdirSync(parent, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name);
}
