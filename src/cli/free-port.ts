import { once } from "node:events";
import { createServer } from "node:net";

/** Whether somebody could listen there now; null is yes, else why not. */
export async function whyNotFree(
	host: string,
	port: number,
): Promise<"EADDRINUSE" | "EACCES" | "EADDRNOTAVAIL" | "ENOTFOUND" | null> {
	if (port === 0) return null;
	const server = createServer();
	try {
		server.listen(port, host);
		await once(server, "listening");
		server.close();
		await once(server, "close");
		return null;
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (
			code === "EADDRINUSE" ||
			code === "EACCES" ||
			code === "EADDRNOTAVAIL" ||
			code === "ENOTFOUND"
		)
			return code;
		throw error;
	}
}
