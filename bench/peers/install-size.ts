import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

export interface InstallSize {
	packages: number;
	bytes: number;
	largest: readonly { name: string; bytes: number }[];
}

/** Size on disk of what `npm ci --omit=dev` would install, measured on the installed packages. */
export function measureInstall(root: string): InstallSize {
	const listing = execFileSync(
		"npm",
		["ls", "--omit=dev", "--all", "--parseable"],
		{
			cwd: root,
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
		},
	);
	const packages = [...new Set(listing.trim().split("\n"))].filter(
		(path) => path !== resolve(root) && existsSync(path),
	);
	const sized = packages.map((path) => ({
		name: path.split("node_modules/").at(-1) ?? path,
		bytes: folderBytes(path),
	}));
	sized.sort((left, right) => right.bytes - left.bytes);
	return {
		packages: sized.length,
		bytes: sized.reduce((sum, { bytes }) => sum + bytes, 0),
		largest: sized.slice(0, 5),
	};
}

/** Blocks on disk, without packages nested inside: those are listed themselves. */
function folderBytes(folder: string): number {
	let bytes = 0;
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			if (entry.name !== "node_modules") bytes += folderBytes(path);
		} else {
			bytes += lstatSync(path).blocks * 512;
		}
	}
	return bytes;
}
