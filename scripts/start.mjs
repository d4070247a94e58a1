/** `npm start`: sets up what is missing and serves the starter chat model. Words after `--` go to `galley run`. */
import { fileURLToPath } from "node:url";
import { prepareOrExit } from "./setup.mjs";

prepareOrExit();

const main = new URL("../dist/cli/main.js", import.meta.url);
// In this process, not in a child: signals reach the service once, from whoever sends them.
process.argv.splice(
	1,
	process.argv.length,
	fileURLToPath(main),
	"run",
	"starter-chat",
	...process.argv.slice(2),
);
await import(main.href);
