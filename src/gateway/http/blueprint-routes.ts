import { GalleyError } from "../../core/errors.ts";
import type { Applications } from "../applications/applications.ts";
import type { OwnRoute } from "./own-route.ts";

const headers = {
	"x-content-type-options": "nosniff",
	"cache-control": "no-store",
};

/** The sample applications, and their source: they are meant to be read and copied, also where there is no way to the internet. */
export function blueprintRoutes(
	applications: Pick<Applications, "status" | "source">,
): OwnRoute[] {
	const sourceOf = (name = "") => {
		const files = applications.source(name);
		if (files !== null) return files;
		throw new GalleyError("not_found", `No blueprint '${name}' runs here.`, {
			param: "name",
		});
	};
	return [
		{
			method: "GET",
			path: "/v1/blueprints",
			scope: "read",
			summary: "The sample applications that run here",
			answer: async () => ({ body: applications.status() }),
		},
		{
			method: "GET",
			path: "/v1/blueprints/:name/source",
			scope: "read",
			summary: "The files of a sample application's source",
			details: { returns: "{name, files: [{path, bytes}]}" },
			answer: async ({ parameters: { name } }) => ({
				body: { name, files: sourceOf(name).list() },
			}),
		},
		{
			method: "GET",
			path: "/v1/blueprints/:name/source/:path",
			scope: "read",
			summary: "One file of a sample application's source",
			details: {
				path: { path: "As the list has it; its slashes are escaped: %2F." },
				contentType: "text/plain",
				returns: "The file's text.",
			},
			async answer({ parameters: { name, path = "" } }) {
				const content = sourceOf(name).read(path);
				if (content === null)
					throw new GalleyError(
						"not_found",
						`The source of '${name}' has no file '${path}'; GET /v1/blueprints/${name}/source lists them.`,
						{ param: "path" },
					);
				// As text whatever it is: a page of the source is read here, never run.
				return { content, contentType: "text/plain; charset=utf-8", headers };
			},
		},
	];
}
