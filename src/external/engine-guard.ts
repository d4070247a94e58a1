import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Its first word is the group; its standard input ends when whoever holds the other end has ended, however that came. */
const script = `read -r _
kill -s TERM -- "-$1" 2>/dev/null || exit 0
left=$2
while [ "$left" -gt 0 ] && kill -s 0 -- "-$1" 2>/dev/null; do
	sleep 1
	left=$((left - 1))
done
kill -s KILL -- "-$1" 2>/dev/null`;

/**
 * Ends a process group when this process has ended without doing it itself: killed by the system, or crashed. An engine isn't ours
 * and can't be told to watch its parent, so a shell waits beside it, at the end of a pipe that closes with this process.
 */
export class EngineGuard implements Disposable {
	readonly #child: ChildProcess;

	/** `stopMs` is how long the group has before it is killed. */
	constructor(groupId: number, stopMs: number) {
		const seconds = String(Math.ceil(stopMs / 1000));
		this.#child = spawn(
			"/bin/sh",
			["-c", script, "galley-engine-guard", String(groupId), seconds],
			// Of its own session, so that what ends this process' group leaves it.
			{ stdio: ["pipe", "ignore", "ignore"], detached: true },
		);
		// Where there is no shell, an engine may outlive its service; that is no reason not to start it.
		this.#child.on("error", () => undefined);
		this.#child.stdin?.on("error", () => undefined);
		this.#child.unref();
		(this.#child.stdin as Socket | null)?.unref();
	}

	/** The group has ended: its number may be another's soon. */
	[Symbol.dispose](): void {
		this.#child.kill("SIGKILL");
	}
}
