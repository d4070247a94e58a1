import type { GalleyError } from "../../core/errors.ts";

/** gRPC's status codes; their numbers are the protocol's. */
const grpcStatus = {
	cancelled: 1,
	invalidArgument: 3,
	deadlineExceeded: 4,
	notFound: 5,
	permissionDenied: 7,
	resourceExhausted: 8,
	unimplemented: 12,
	internal: 13,
	unavailable: 14,
	unauthenticated: 16,
} as const;

const byHttpStatus: Readonly<Record<number, number>> = {
	401: grpcStatus.unauthenticated,
	403: grpcStatus.permissionDenied,
	404: grpcStatus.notFound,
	405: grpcStatus.unimplemented,
	408: grpcStatus.deadlineExceeded,
	413: grpcStatus.resourceExhausted,
	429: grpcStatus.resourceExhausted,
	499: grpcStatus.cancelled,
	503: grpcStatus.unavailable,
	504: grpcStatus.deadlineExceeded,
};

export function toGrpcStatus({ status }: GalleyError): number {
	return (
		byHttpStatus[status] ??
		(status < 500 ? grpcStatus.invalidArgument : grpcStatus.internal)
	);
}
