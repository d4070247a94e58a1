import { connect, type Socket } from "node:net";

/** How a client leaves. */
export const manners = [
	"at once",
	"in the middle of its request",
	"before the answer",
	"in the middle of the answer",
] as const;

export interface Door {
	host: string;
	port: number;
	path: string;
	body: string;
}

/** Comes and leaves in its manner; resolves when its connection is gone. */
export function comeAndLeave(door: Door, manner: number): Promise<void> {
	return new Promise((resolve) => {
		const socket = connectTo(door, () => resolve());
		socket.on("connect", () => {
			if (manner === 0) return socket.destroy();
			if (manner === 1) {
				socket.write(halfRequest(door), () => socket.destroy());
				return;
			}
			socket.write(head(door) + door.body);
			if (manner === 2) setTimeout(() => socket.destroy(), 5);
			else socket.once("data", () => socket.destroy());
		});
	});
}

/** So many that are connected at the same time, each in the middle of its request, before all leave at once. */
export async function comeTogether(
	door: Door,
	count: number,
	onAllHere: () => Promise<void>,
): Promise<void> {
	const gone: Promise<void>[] = [];
	const sockets: Socket[] = [];
	const atATime = 200;
	for (let here = 0; here < count; here += atATime)
		await Promise.all(
			Array.from({ length: Math.min(atATime, count - here) }, () => {
				const came = new Promise<void>((resolve, reject) => {
					gone.push(
						new Promise((left) => {
							const socket = connectTo(door, left);
							sockets.push(socket);
							socket.once("error", reject);
							socket.once("connect", () =>
								socket.write(halfRequest(door), () => resolve()),
							);
						}),
					);
				});
				return came;
			}),
		);
	await onAllHere();
	for (const socket of sockets) socket.destroy();
	await Promise.all(gone);
}

function connectTo({ host, port }: Door, onClose: () => void): Socket {
	const socket = connect(port, host);
	socket.on("error", () => undefined);
	socket.once("close", onClose);
	return socket;
}

const head = ({ path, body }: Door) =>
	`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;

const halfRequest = (door: Door) => head(door) + door.body.slice(0, 20);
