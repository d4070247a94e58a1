import { type Agent, request } from "undici";
import type { Endpoint } from "./endpoint.ts";

export interface ServiceState {
	url: string;
	model: string;
	isReachable: boolean;
	problem: string | null;
}

/** Whether a service answers, by the list of its models. */
export async function serviceState(
	{ baseUrl, model, apiKey }: Endpoint,
	agent?: Agent,
): Promise<ServiceState> {
	const state = { url: baseUrl, model };
	try {
		const { statusCode, body } = await request(
			`${baseUrl.replace(/\/$/, "")}/models`,
			{
				headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
				signal: AbortSignal.timeout(2000),
				...(agent === undefined ? {} : { dispatcher: agent }),
			},
		);
		await body.dump();
		const isReachable = statusCode < 500 && statusCode !== 401;
		const problem = isReachable ? null : `It answered ${statusCode}.`;
		return { ...state, isReachable, problem };
	} catch (error) {
		const problem = error instanceof Error ? error.message : String(error);
		return { ...state, isReachable: false, problem };
	}
}
