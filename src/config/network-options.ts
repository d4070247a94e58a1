import { apiKeyHashes } from "./api-key-hash.ts";
import { option } from "./option.ts";
import {
	oneOf,
	portOrOff,
	text,
	textList,
	wholeNumber,
	yesOrNo,
} from "./option-types.ts";

const service = ["run"] as const;

/** Where the service listens and who may call it. */
export const networkOptions = {
	host: option({
		type: text("a host name or an address"),
		fallback: "127.0.0.1",
		placeholder: "address",
		description: "address to listen on; 0.0.0.0 is every interface",
		commands: service,
	}),
	port: option({
		type: wholeNumber({ min: 0, max: 65_535 }),
		fallback: 8000,
		placeholder: "number",
		description: "port to listen on; 0 takes a free one",
		aliases: [{ name: "NIM_SERVER_PORT" }],
		commands: service,
	}),
	grpcPort: option({
		type: portOrOff(),
		fallback: null,
		placeholder: "number",
		description:
			"port of the KServe gRPC service of embedding and reranking models; by default 8001 when it is free; off is none",
		aliases: [{ name: "NIM_TRITON_GRPC_PORT" }],
		commands: service,
	}),
	socket: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description: "listen on this Unix socket instead of a port",
		commands: service,
	}),
	apiKey: option({
		type: apiKeyHashes(),
		fallback: null,
		placeholder: "key",
		description:
			"bearer key that clients must send (repeatable; other users of the machine see flags, so prefer a file)",
		commands: service,
		isRepeatable: true,
		isSecret: true,
	}),
	apiKeyFile: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description: "file of bearer keys, one a line",
		commands: service,
	}),
	metricsAccess: option({
		type: oneOf(["open", "key", "off"]),
		fallback: "open",
		placeholder: "who",
		description:
			"who may read /metrics: open, key (the same bearer keys), or off",
		commands: service,
	}),
	sslMode: option({
		type: oneOf(["disabled", "tls", "mtls"], {
			off: "disabled",
			none: "disabled",
		}),
		fallback: "disabled",
		placeholder: "mode",
		description: "disabled, tls, or mtls (clients need certificates)",
		aliases: [{ name: "NIM_SSL_MODE" }],
		commands: service,
	}),
	sslCert: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description: "the service's certificate chain, PEM",
		aliases: [{ name: "NIM_SSL_CERTS_PATH" }],
		commands: service,
	}),
	sslKey: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description: "the certificate's private key, PEM",
		aliases: [{ name: "NIM_SSL_KEY_PATH" }],
		commands: service,
	}),
	sslCa: option({
		type: text("a path"),
		fallback: null,
		placeholder: "path",
		description:
			"certificate authorities that clients' certificates must come from, PEM",
		aliases: [{ name: "NIM_SSL_CA_CERTS_PATH" }],
		commands: service,
	}),
	corsAllowOrigins: option({
		type: textList(),
		fallback: [],
		placeholder: "origins",
		description: "web pages' origins that may call the API; * is any",
		aliases: [{ name: "NIM_CORS_ALLOW_ORIGINS" }],
		commands: service,
		isRepeatable: true,
	}),
	corsAllowMethods: option({
		type: textList(),
		fallback: ["GET", "HEAD", "POST", "DELETE"],
		placeholder: "methods",
		description: "methods that those pages may use",
		aliases: [{ name: "NIM_CORS_ALLOW_METHODS" }],
		commands: service,
		isRepeatable: true,
	}),
	corsAllowHeaders: option({
		type: textList(),
		fallback: [],
		placeholder: "headers",
		description:
			"request headers that those pages may send; by default those that they ask for",
		aliases: [{ name: "NIM_CORS_ALLOW_HEADERS" }],
		commands: service,
		isRepeatable: true,
	}),
	corsExposeHeaders: option({
		type: textList(),
		fallback: ["x-request-id", "retry-after", "x-galley-truncated"],
		placeholder: "headers",
		description: "answer headers that those pages may read",
		aliases: [{ name: "NIM_CORS_EXPOSE_HEADERS" }],
		commands: service,
		isRepeatable: true,
	}),
	corsAllowCredentials: option({
		type: yesOrNo(),
		fallback: false,
		description: "let those pages send cookies and client certificates",
		commands: service,
	}),
	corsMaxAgeSeconds: option({
		type: wholeNumber({ min: 0, max: 86_400 }),
		fallback: 600,
		placeholder: "seconds",
		description: "how long a browser may remember these permissions",
		aliases: [{ name: "NIM_CORS_MAX_AGE" }],
		commands: service,
	}),
} as const;
