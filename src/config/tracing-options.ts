import { option } from "./option.ts";
import { text, webAddress, yesOrNo } from "./option-types.ts";

const service = ["run"] as const;

/** Where spans go, in OpenTelemetry's and NIM's variables too. */
export const tracingOptions = {
	otlpEndpoint: option({
		type: webAddress(),
		fallback: null,
		placeholder: "url",
		description:
			"send traces to this OTLP/HTTP collector, such as http://127.0.0.1:4318",
		aliases: [
			{ name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" },
			{ name: "OTEL_EXPORTER_OTLP_ENDPOINT" },
			{ name: "NIM_OTEL_EXPORTER_OTLP_ENDPOINT" },
		],
		commands: service,
	}),
	otelServiceName: option({
		type: text("a name"),
		fallback: null,
		placeholder: "name",
		description: "this service's name in traces; the model's where left out",
		aliases: [{ name: "OTEL_SERVICE_NAME" }, { name: "NIM_OTEL_SERVICE_NAME" }],
		commands: service,
	}),
	enableOtel: option({
		type: yesOrNo(),
		fallback: null,
		description:
			"traces, whether or not an endpoint is named (http://localhost:4318 then)",
		offDescription: "no traces, whatever endpoint is named",
		aliases: [{ name: "NIM_ENABLE_OTEL" }],
		commands: service,
	}),
} as const;
