import { EventEmitter } from "node:events";

/** Both sides of a terminal: what is written is kept, keys are `data` events. */
export class FakeTerminal extends EventEmitter {
	isTTY = true;
	columns = 80;
	rows = 24;
	written = "";
	isRaw = false;
	isPaused = true;
	write(text: string) {
		this.written += text;
	}
	setRawMode(isRaw: boolean) {
		this.isRaw = isRaw;
	}
	resume() {
		this.isPaused = false;
	}
	pause() {
		this.isPaused = true;
	}
}
