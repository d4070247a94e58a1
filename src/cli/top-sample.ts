import type { z } from "zod";
import { liveRequestList } from "../api/routes/live-requests.ts";
import { GalleyError } from "../core/errors.ts";
import { MetricSamples } from "../observability/metric-samples.ts";
import type { ServiceClient } from "./service-client.ts";

export type LiveRequestList = z.infer<typeof liveRequestList>;

/** What a service said of itself at one moment. */
export interface ServiceSample {
	/** Monotonic. */
	takenAtMs: number;
	/** A phase of `ServiceState`, or what else its health route says. */
	state: string;
	/** Why it is not ready; null when it is. */
	stateDetail: string | null;
	metrics: MetricSamples | null;
	live: LiveRequestList | null;
	/** What could not be seen, and what to do about it. */
	notices: readonly string[];
}

const timeoutMs = 10_000;

/** Asks a service how it is. Throws when nobody answers, or nobody who knows metrics or sequences. */
export async function takeSample(
	client: ServiceClient,
	signal: AbortSignal,
): Promise<ServiceSample> {
	const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
	const takenAtMs = performance.now();
	const [health, metrics, requests] = await Promise.all([
		client.get("/v1/health/ready", limit),
		client.getText("/v1/metrics", limit),
		client.get("/v1/requests", limit),
	]).catch((error: unknown) => {
		if (signal.aborted || !limit.aborted) throw error;
		throw new GalleyError(
			"engine_unavailable",
			`The service did not answer within ${timeoutMs / 1000} s. Is its machine overloaded?`,
			{ cause: error },
		);
	});
	if (metrics.status === 401 && requests.status === 401)
		throw new GalleyError("invalid_api_key", needsKey("It"));
	if (metrics.status === 404 && requests.status === 404)
		throw new GalleyError(
			"engine_unavailable",
			"Something answers there, but it serves neither /v1/metrics nor /v1/requests: it is no Galley service.",
		);
	const list = liveRequestList.safeParse(requests.body);
	return {
		takenAtMs,
		...toState(health),
		metrics: metrics.status === 200 ? new MetricSamples(metrics.text) : null,
		live: requests.status === 200 && list.success ? list.data : null,
		notices: [
			...noticesOf("/v1/metrics", "Rates", metrics.status, true),
			...noticesOf(
				"/v1/requests",
				"Sequences",
				requests.status,
				list.success,
				health.status,
			),
		],
	};
}

/** For a moment at which nobody answered, of a service that was there before. */
export function lostSample(reason: string): ServiceSample {
	return {
		takenAtMs: performance.now(),
		state: "unreachable",
		stateDetail: "trying again",
		metrics: null,
		live: null,
		notices: [reason],
	};
}

function toState(health: { status: number; body: unknown }): {
	state: string;
	stateDetail: string | null;
} {
	if (health.status === 200) return { state: "ready", stateDetail: null };
	const body = (health.body ?? {}) as Record<string, unknown>;
	const text = (value: unknown) => (typeof value === "string" ? value : null);
	const percent =
		typeof body.progress === "number"
			? `, ${Math.floor(body.progress * 100)} %`
			: "";
	const left =
		typeof body.eta_seconds === "number"
			? `, about ${Math.ceil(body.eta_seconds)} s left`
			: "";
	const reason = text(body.reason) ?? text(body.message) ?? "";
	return {
		state: text(body.state) ?? `answers ${health.status}`,
		stateDetail: `${reason}${percent}${left}`,
	};
}

/** 503 is no surprise while the service isn't ready: its state says so already. */
function noticesOf(
	path: string,
	what: string,
	status: number,
	isReadable: boolean,
	healthStatus = 200,
): string[] {
	if (status === 200)
		return isReadable ? [] : [`${path} has a form that is not known here.`];
	if (status === 401) return [needsKey(path)];
	if (status === 503 && healthStatus !== 200) return [];
	return [`${what} are not to be seen: ${path} answers ${status}.`];
}

function needsKey(who: string): string {
	return `${who} asks for an API key: give --api-key, or set GALLEY_API_KEY.`;
}
