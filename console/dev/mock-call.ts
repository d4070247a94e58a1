import type { IncomingMessage, ServerResponse } from "node:http";

export interface MockCall {
	url: URL;
	path: readonly string[];
	body: Record<string, unknown>;
	request: IncomingMessage;
	response: ServerResponse;
}

export type Answer = { status?: number; body: unknown } | "written";

export function refused(status: number, code: string, message: string): Answer {
	return {
		status,
		body: {
			error: { message, type: "invalid_request_error", param: null, code },
		},
	};
}

export function sendEvents(
	response: ServerResponse,
	next: () => unknown,
	everyMs: number,
	isOver = () => false,
): void {
	response.writeHead(200, {
		"content-type": "text/event-stream",
		"cache-control": "no-store",
	});
	const send = () => {
		response.write(`data: ${JSON.stringify(next())}\n\n`);
		if (!isOver()) return;
		clearInterval(timer);
		response.end();
	};
	const timer = setInterval(send, everyMs);
	response.on("close", () => clearInterval(timer));
	send();
}
