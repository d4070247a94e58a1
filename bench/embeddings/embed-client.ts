import { connect, type Socket } from "node:net";

const headEnd = Buffer.from("\r\n\r\n");

/** Asks for embeddings on raw sockets, one request at a time on each: as little work as Node allows, beside the server. */
export class EmbedClient {
	readonly #connections: readonly Connection[];
	readonly #host: string;

	constructor(url: string, connections: number) {
		const { host, port } = new URL(url);
		this.#host = host;
		this.#connections = Array.from(
			{ length: connections },
			() => new Connection(Number(port)),
		);
	}

	/** The whole request of one text, ready to be written. */
	request(text: string, format: "float" | "base64"): Buffer {
		const body = JSON.stringify({ input: text, encoding_format: format });
		return Buffer.from(
			`POST /v1/embeddings HTTP/1.1\r\nhost: ${this.#host}\r\ncontent-type: application/json\r\n` +
				`content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
		);
	}

	/** All of them, each connection taking the next one; resolves with the bodies where they are wanted. */
	async all(
		requests: readonly Buffer[],
		onBody?: (body: string) => void,
	): Promise<void> {
		let next = 0;
		await Promise.all(
			this.#connections.map(async (connection) => {
				for (;;) {
					const request = requests[next++];
					if (request === undefined) return;
					const body = await connection.ask(request);
					onBody?.(body.toString("utf8"));
				}
			}),
		);
	}

	/** The next request opens new connections. */
	hangUp(): void {
		for (const connection of this.#connections) connection.close();
	}
}

/** One request at a time; a connection that the server closed between two is opened again, as clients do. */
class Connection {
	readonly #port: number;
	#socket: Socket | null = null;
	#pieces: Buffer[] = [];
	/** Bytes of the body that are still to come; null before its head is there. */
	#left: number | null = null;
	#isLast = false;
	#asked: {
		resolve(body: Buffer): void;
		reject(error: Error): void;
	} | null = null;

	constructor(port: number) {
		this.#port = port;
	}

	async ask(request: Buffer): Promise<Buffer> {
		this.#socket ??= await this.#open();
		const socket = this.#socket;
		return new Promise((resolve, reject) => {
			this.#asked = { resolve, reject };
			socket.write(request);
		});
	}

	close(): void {
		this.#socket?.destroy();
		this.#socket = null;
	}

	#open(): Promise<Socket> {
		return new Promise((resolve, reject) => {
			const socket = connect({
				host: "127.0.0.1",
				port: this.#port,
				noDelay: true,
			});
			const lost = (error: Error) => {
				reject(error);
				if (socket !== this.#socket) return;
				this.#socket = null;
				this.#asked?.reject(error);
			};
			socket.on("data", (piece: Buffer) => this.#take(piece));
			socket.on("error", lost);
			socket.on("close", () =>
				lost(new Error("The server closed a connection.")),
			);
			socket.once("connect", () => resolve(socket));
		});
	}

	#take(piece: Buffer): void {
		let body = piece;
		if (this.#left === null) {
			const bytes = Buffer.concat([...this.#pieces, piece]);
			const end = bytes.indexOf(headEnd);
			this.#pieces = end === -1 ? [bytes] : [];
			if (end === -1) return;
			const head = bytes.toString("latin1", 0, end);
			const length = /^content-length: *(\d+)/im.exec(head)?.[1];
			if (!head.startsWith("HTTP/1.1 200") || length === undefined) {
				this.#asked?.reject(new Error(`An answer of another kind:\n${head}`));
				return;
			}
			this.#left = Number(length);
			this.#isLast = /^connection: *close/im.test(head);
			body = bytes.subarray(end + headEnd.length);
			this.#pieces = [];
		}
		this.#pieces.push(body);
		this.#left -= body.length;
		if (this.#left > 0) return;
		const whole = Buffer.concat(this.#pieces);
		this.#pieces = [];
		this.#left = null;
		const asked = this.#asked;
		this.#asked = null;
		if (this.#isLast) this.close();
		asked?.resolve(whole);
	}
}
