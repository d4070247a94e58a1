import { GalleyError } from "../../core/errors.ts";
import { printable } from "../reference-syntax.ts";

export interface Refusal {
	status: number;
	headers: Readonly<Record<string, string>>;
	/** What the hub wrote, JSON or not. */
	body: string;
	/** The address of the hub whose pages a person can open. */
	endpoint: string;
	repository: string;
	revision: string | null;
	hasToken: boolean;
}

/** Why the hub said no, and what to do about it. */
export function explainRefusal(refusal: Refusal): GalleyError {
	const { status, headers, endpoint, repository, hasToken } = refusal;
	const page = `${endpoint}/${repository}`;
	const code = headers["x-error-code"] ?? "";
	const said = sentence(refusal);
	const isGated = code === "GatedRepo" || /gated|restricted|accept/i.test(said);
	if (isGated && (status === 401 || status === 403)) {
		return denied(
			hasToken
				? `"${repository}" is gated, and the account of your token has no access yet. Open ${page}, accept the licence there (its owner may have to approve), and try again.`
				: `"${repository}" is gated: its licence has to be accepted first. Open ${page}, accept it, make a token at ${endpoint}/settings/tokens, and give the token in HF_TOKEN.`,
		);
	}
	if (code === "RevisionNotFound") {
		return new GalleyError(
			"model_not_found",
			`"${repository}" has no revision "${printable(refusal.revision ?? "main")}". Its branches and commits are at ${page}/commits.`,
		);
	}
	// The hub hides private repositories: without access they look as if they did not exist, with status 401.
	if (status === 401 || status === 404 || code === "RepoNotFound") {
		return status === 401 && hasToken
			? denied(
					`${hostOf(endpoint)} refuses the token${said}: it has expired, or "${repository}" does not exist. Check the name at ${page} and the token at ${endpoint}/settings/tokens.`,
				)
			: new GalleyError(
					"model_not_found",
					`${hostOf(endpoint)} knows no model "${repository}"${hasToken ? " that your token may see" : ", or it is private"}. Check the name at ${page}${hasToken ? "" : "; for a private model give a token in HF_TOKEN"}.`,
				);
	}
	if (status === 403) {
		return denied(
			`${hostOf(endpoint)} denies access to "${repository}"${said}. Open ${page} to see what it asks for${hasToken ? ", and check what your token may read" : ", and give a token in HF_TOKEN"}.`,
		);
	}
	return new GalleyError(
		"download_failed",
		`${hostOf(endpoint)} answered ${status} when asked for "${repository}"${said}. Try again later, or name a mirror.`,
	);
}

function sentence({ headers, body }: Refusal): string {
	const text = headers["x-error-message"] ?? errorOf(body);
	return text === "" ? "" : ` ("${printable(text.replace(/\s+/g, " "))}")`;
}

function errorOf(body: string): string {
	try {
		const parsed: unknown = JSON.parse(body);
		if (typeof parsed === "object" && parsed !== null && "error" in parsed)
			return typeof parsed.error === "string" ? parsed.error : "";
		return "";
	} catch (error) {
		// Proxies and mirrors answer with pages; nobody wants one in a message.
		if (error instanceof SyntaxError) return "";
		throw error;
	}
}

function hostOf(endpoint: string): string {
	return new URL(endpoint).host;
}

function denied(message: string): GalleyError {
	return new GalleyError("permission_denied", message);
}
