import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type AttributeMap = Record<
	string,
	string | number | boolean | (string | number | boolean)[]
>;

export interface ReceivedSpan {
	service: string;
	traceId: string;
	spanId: string;
	/** Empty for the first span of a trace. */
	parentSpanId: string;
	name: string;
	/** 1 internal, 2 server, 3 client. */
	kind: number;
	startMs: number;
	endMs: number;
	attributes: AttributeMap;
	/** 2 is an error. */
	status: number;
}

/** A collector that takes traces by OTLP/HTTP and reads their protobuf messages. */
export class OtlpReceiver {
	readonly spans: ReceivedSpan[] = [];
	/** Answered instead of 200. */
	refuseWith: number | null = null;
	requests = 0;
	readonly #server: Server;

	private constructor() {
		this.#server = createServer(async (request, response) => {
			this.requests++;
			const pieces: Buffer[] = [];
			for await (const piece of request) pieces.push(piece as Buffer);
			if (this.refuseWith !== null)
				return response.writeHead(this.refuseWith).end();
			if (request.url === "/v1/traces")
				this.spans.push(...readTraces(Buffer.concat(pieces)));
			response.writeHead(200, { "content-type": "application/x-protobuf" });
			response.end();
		});
	}

	static async open(): Promise<OtlpReceiver> {
		const receiver = new OtlpReceiver();
		receiver.#server.listen(0, "127.0.0.1");
		await once(receiver.#server, "listening");
		return receiver;
	}

	get endpoint(): string {
		const { port } = this.#server.address() as AddressInfo;
		return `http://127.0.0.1:${port}`;
	}

	/** Of one trace, by their start. */
	trace(traceId: string): ReceivedSpan[] {
		return this.spans
			.filter((span) => span.traceId === traceId)
			.sort((one, other) => one.startMs - other.startMs);
	}

	/** Waits for a span that is so. */
	async find(is: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> {
		for (;;) {
			const found = this.spans.find(is);
			if (found !== undefined) return found;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, "close");
	}
}

/** Field number -> values in their order, as protobuf's wire format has them. */
type Fields = Map<number, (Buffer | bigint)[]>;

function readFields(bytes: Buffer): Fields {
	const fields: Fields = new Map();
	let at = 0;
	const varint = () => {
		let value = 0n;
		for (let shift = 0n; ; shift += 7n) {
			const byte = bytes[at++] ?? 0;
			value |= BigInt(byte & 0x7f) << shift;
			if ((byte & 0x80) === 0) return value;
		}
	};
	while (at < bytes.length) {
		const tag = Number(varint());
		const wire = tag & 7;
		let value: Buffer | bigint;
		if (wire === 0) value = varint();
		else if (wire === 1) {
			value = bytes.subarray(at, at + 8);
			at += 8;
		} else if (wire === 5) {
			value = bytes.subarray(at, at + 4);
			at += 4;
		} else if (wire === 2) {
			const length = Number(varint());
			value = bytes.subarray(at, at + length);
			at += length;
		} else throw new Error(`Wire type ${wire} is not known.`);
		fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
	}
	return fields;
}

const messages = (fields: Fields, number: number): Fields[] =>
	(fields.get(number) ?? []).map((value) => readFields(value as Buffer));
const bytesOf = (fields: Fields, number: number): Buffer =>
	(fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
const numberOf = (fields: Fields, number: number): number =>
	Number(fields.get(number)?.[0] ?? 0);
const timeMs = (fields: Fields, number: number): number =>
	Number(bytesOf(fields, number).readBigUInt64LE()) / 1e6;

/** An ExportTraceServiceRequest of OTLP 1. */
function readTraces(body: Buffer): ReceivedSpan[] {
	return messages(readFields(body), 1).flatMap((resourceSpans) => {
		const [resource] = messages(resourceSpans, 1);
		const attributes =
			resource === undefined ? {} : readAttributes(resource, 1);
		return messages(resourceSpans, 2).flatMap((scopeSpans) =>
			messages(scopeSpans, 2).map(
				(span): ReceivedSpan => ({
					service: String(attributes["service.name"]),
					traceId: bytesOf(span, 1).toString("hex"),
					spanId: bytesOf(span, 2).toString("hex"),
					parentSpanId: bytesOf(span, 4).toString("hex"),
					name: bytesOf(span, 5).toString(),
					kind: numberOf(span, 6),
					startMs: timeMs(span, 7),
					endMs: timeMs(span, 8),
					attributes: readAttributes(span, 9),
					status: messages(span, 15).map((one) => numberOf(one, 3))[0] ?? 0,
				}),
			),
		);
	});
}

function readAttributes(owner: Fields, number: number): AttributeMap {
	return Object.fromEntries(
		messages(owner, number).map((pair) => [
			bytesOf(pair, 1).toString(),
			readValue(messages(pair, 2)[0] ?? new Map()),
		]),
	);
}

function readValue(value: Fields): AttributeMap[string] {
	if (value.has(1)) return bytesOf(value, 1).toString();
	if (value.has(2)) return numberOf(value, 2) === 1;
	if (value.has(3)) return numberOf(value, 3);
	if (value.has(4)) return bytesOf(value, 4).readDoubleLE();
	const [array] = messages(value, 5);
	return array === undefined
		? ""
		: messages(array, 1).map((entry) => readValue(entry) as string);
}
