/**
 * `npm start`: sets up what is missing and starts the platform: gateway, console, starter models, RAG chatbot. Words after `--`
 * go to `galley up`.
 */
import { fileURLToPath } from "node:url";
import { prepareOrExit } from "./setup.mjs";

await prepareOrExit();

// npm passes signals to its shell only, which dies of them and leaves us behind: end as if the signal had come here.
if (
	process.env.npm_lifecycle_event !== undefined &&
	process.platform !== "win32"
) {
	const parent = process.ppid;
	const watch = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watch);
		process.kill(process.pid, "SIGTERM");
	}, 250);
	watch.unref();
}

const main = new URL("../dist/cli/main.js", import.meta.url);
// In this process, not in a child: signals reach the service once, from whoever sends them.
process.argv.splice(
	1,
	process.argv.length,
	fileURLToPath(main),
	"up",
	...process.argv.slice(2),
);
await import(main.href);
