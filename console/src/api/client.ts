/** The console's one door to the gateway. */
export { ApiError } from "./api-error.ts";
export { api, baseUrl, isAbort } from "./http.ts";
export { type Scope, useSession } from "./session.ts";
