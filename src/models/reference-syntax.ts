import { basename } from "node:path";
import { GalleyError } from "../core/errors.ts";

/** What a hub reference says; `selector` is a quantisation (`Q4_K_M`) or a file inside the repository. */
export interface HubReference {
	kind: "hub";
	name: string;
	/** `org/repo` */
	repository: string;
	/** A branch, a tag or a commit; null is the repository's `main`. */
	revision: string | null;
	selector: string | null;
}

export interface UrlReference {
	kind: "url";
	name: string;
	/** May end in `#sha256=<64 hex digits>`, which the download is then held to. */
	url: string;
}

const longestPart = 96;
const longestPath = 512;

/**
 * The hub's own rule for the names of organisations and repositories. It forbids `--`, which is why `org--repo` can
 * stand for `org/repo` in the names of folders.
 */
export function isRepositoryName(text: string): boolean {
	const parts = text.split("/");
	return parts.length === 2 && parts.every(isRepositoryPart);
}

function isRepositoryPart(part: string): boolean {
	return (
		part.length <= longestPart &&
		/^[A-Za-z0-9_]([\w.-]*[A-Za-z0-9_])?$/.test(part) &&
		!/--|\.\./.test(part)
	);
}

/** A relative path with `/` that stays inside whatever folder it is joined to, on every operating system. */
export function isSafePath(text: string): boolean {
	return (
		text.length <= longestPath &&
		text.split("/").every(
			(part) =>
				part !== "" &&
				part !== "." &&
				part !== ".." &&
				// A colon opens a drive or a stream on Windows, which also drops dots and spaces at the end.
				!/[\\:*?"<>|]|[. ]$/.test(part) &&
				!hasControlCharacter(part),
		)
	);
}

export function hasControlCharacter(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const unit = text.charCodeAt(index);
		if (unit < 0x20 || unit === 0x7f) return true;
	}
	return false;
}

/** A git reference: `main`, `v1.0`, `refs/pr/3`, a commit. */
export function isRevision(text: string): boolean {
	return isSafePath(text) && /^[\w.+/-]+$/.test(text) && !text.includes("..");
}

/** A quantisation or a file of the repository; `@` would begin the revision. */
function isSelector(text: string): boolean {
	return isSafePath(text) && !text.includes("@") && text.trim() === text;
}

/** A full commit hash: what it names never changes. */
export function isCommit(revision: string): boolean {
	return /^[0-9a-f]{40}$/.test(revision);
}

/** `org/repo[:quant-or-file][@revision]`, as it follows `hf://`. Throws GalleyError naming the part at fault. */
export function parseHubReference(text: string): HubReference {
	const [, repository = "", , selector = null, , revision = null] =
		/^([^:@]*)(:([^@]*))?(@(.*))?$/s.exec(text) ?? [];
	const written = `hf://${text}`;
	if (!isRepositoryName(repository)) {
		throw invalid(
			`"${printable(written)}" does not name a repository of the hub. Write hf://organisation/repository, as its page's address ends.`,
		);
	}
	if (selector !== null && !isSelector(selector)) {
		throw invalid(
			`"${printable(selector)}" in "${printable(written)}" is neither a quantisation such as Q4_K_M nor a file inside the repository.`,
		);
	}
	if (revision !== null && !isRevision(revision)) {
		throw invalid(
			`"${printable(revision)}" in "${printable(written)}" is no revision. Give a branch, a tag or a commit after the "@".`,
		);
	}
	return hubReference(repository, selector, revision);
}

export function hubReference(
	repository: string,
	selector: string | null,
	revision: string | null,
): HubReference {
	return {
		kind: "hub",
		name: nameOfRepository(repository, selector),
		repository,
		revision,
		selector,
	};
}

/** The address of a repository's page, or of a file on it, as people copy it from the browser; null for other addresses. */
export function hubReferenceOfPage(url: URL): HubReference | null {
	if (!/^(www\.)?(huggingface\.co|hf\.co)$/.test(url.hostname)) return null;
	const parts = decodedParts(url);
	if (parts === null || parts.length < 2) return null;
	const [organisation, name, what, revision, ...file] = parts;
	const repository = `${organisation}/${name}`;
	if (!isRepositoryName(repository)) return null;
	if (what === undefined) return hubReference(repository, null, null);
	const path = file.join("/");
	if (revision === undefined || !isRevision(revision)) return null;
	if (what === "tree" && path === "")
		return hubReference(repository, null, revision);
	if ((what === "blob" || what === "resolve") && isSelector(path))
		return hubReference(repository, path, revision);
	return null;
}

function decodedParts(url: URL): string[] | null {
	try {
		return url.pathname
			.split("/")
			.filter((part) => part !== "")
			.map(decodeURIComponent);
	} catch (error) {
		if (error instanceof URIError) return null;
		throw error;
	}
}

/** `https://`, and `http://` where nobody listens in: on this machine, or where it was allowed explicitly. */
export function parseUrlReference(
	text: string,
	isHttpAllowed: boolean,
): UrlReference | HubReference {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || url.hostname === "")
		throw invalid(
			`"${printable(text)}" is no complete address of a model file.`,
		);
	if (url.username !== "" || url.password !== "") {
		throw invalid(
			`The address of a model must not contain a user name or password: it is stored and shown. Remove them from the address on ${url.hostname}.`,
		);
	}
	if (url.protocol === "http:" && !isHttpAllowed && !isLoopback(url.hostname)) {
		throw invalid(
			`"${printable(text)}" would be fetched without encryption. Use https://, or allow plain http for model addresses.`,
		);
	}
	const hub = hubReferenceOfPage(url);
	if (hub !== null) return hub;
	if (url.hash !== "" && !/^#sha256=[0-9a-f]{64}$/i.test(url.hash))
		url.hash = "";
	return { kind: "url", name: nameOfFile(fileNameOfUrl(url)), url: url.href };
}

export function isLoopback(hostname: string): boolean {
	return (
		hostname === "localhost" ||
		hostname === "[::1]" ||
		/^127(\.\d{1,3}){3}$/.test(hostname)
	);
}

/** What the downloaded file is called: the end of the address where that is a name, else `model.gguf`. */
export function fileNameOfUrl(url: URL): string {
	const last = decodedParts(url)?.at(-1) ?? "";
	return isSafePath(last) && !last.includes("/") ? last : "model.gguf";
}

/** `/models/Qwen3-0.6B-Q8_0.gguf` to `Qwen3-0.6B-Q8_0`; the number of a part is left out. */
export function nameOfFile(path: string): string {
	const name = basename(path).replace(/\.(gguf|onnx|safetensors)$/i, "");
	return name.replace(/-\d{5}-of-\d{5}$/, "") || "model";
}

/** A repository of GGUF files is mostly called after the model, with `-GGUF` at the end. */
function nameOfRepository(repository: string, selector: string | null): string {
	if (selector !== null && /\.(gguf|onnx)$/i.test(selector))
		return nameOfFile(selector);
	const name = repository.slice(repository.indexOf("/") + 1);
	return name.replace(/[-_.]gguf$/i, "") || name;
}

/** What somebody typed, fit to stand in a message: on one line and not endless. */
export function printable(text: string): string {
	const line = [...text]
		.map((character) => (hasControlCharacter(character) ? "?" : character))
		.join("");
	return line.length <= 160 ? line : `${line.slice(0, 157)}...`;
}

function invalid(message: string): GalleyError {
	return new GalleyError("model_not_found", message);
}
