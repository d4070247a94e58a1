import type {
	JsonObject,
	JsonValue,
	StreamedEvent,
	TextKind,
} from "./gateway-hook.ts";

/** A text within a body or an event, and what may take its place. */
export interface PlacedText {
	/** Pieces with the same channel are one text: `content:0`. */
	channel: string;
	kind: TextKind;
	text: string;
	replace(text: string): void;
}

type Key = { [Kind in TextKind]?: readonly string[] };

/** OpenAI's chat: what a message or a delta has. */
const messageKeys: Key = {
	content: ["content"],
	reasoning: ["reasoning_content", "reasoning"],
	refusal: ["refusal"],
};

const isObject = (value: unknown): value is JsonObject =>
	typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: unknown): JsonObject[] =>
	Array.isArray(value) ? value.filter(isObject) : [];

/** Every text of a whole answer: chat and text completions, Responses, Messages. */
export function textsOfBody(body: JsonObject): PlacedText[] {
	return [
		...objects(body.choices).flatMap((choice, index) => [
			...textAt(choice, "text", "content", `content:${index}`),
			...(isObject(choice.message)
				? textsOfMessage(choice.message, String(index))
				: []),
		]),
		...objects(body.output).flatMap((item, index) => textsOfItem(item, index)),
		...textAt(body, "output_text", "content", "output_text"),
		...objects(body.content).flatMap((block, index) =>
			textsOfBlock(block, index),
		),
	];
}

/** The pieces of texts that a streamed event brings. */
export function piecesOfEvent({ data }: StreamedEvent): PlacedText[] {
	if (!isObject(data)) return [];
	const { type, index, delta } = data;
	if (Array.isArray(data.choices))
		return objects(data.choices).flatMap((choice) => [
			...textAt(choice, "text", "content", `content:${choice.index ?? 0}`),
			...(isObject(choice.delta)
				? textsOfMessage(choice.delta, String(choice.index ?? 0))
				: []),
		]);
	if (type === "content_block_delta" && isObject(delta))
		return [
			...textAt(delta, "text", "content", `block:${index}`),
			...textAt(delta, "thinking", "reasoning", `block:${index}`),
			...textAt(delta, "partial_json", "arguments", `block:${index}`),
		];
	if (typeof type === "string" && type.endsWith(".delta"))
		return textAt(data, "delta", kindOfType(type), channelOfType(data, type));
	return [];
}

/** Whole texts that a streamed event repeats: Responses' events that close a part, an item, the response. */
export function wholesOfEvent({ data }: StreamedEvent): PlacedText[] {
	if (!isObject(data) || typeof data.type !== "string") return [];
	const { type } = data;
	if (!type.startsWith("response.")) return [];
	const kind = kindOfType(type);
	return [
		...(type.endsWith(".done")
			? [
					...textAt(data, "text", kind, "text"),
					...textAt(data, "refusal", "refusal", "refusal"),
					...textAt(data, "arguments", "arguments", "arguments"),
				]
			: []),
		...(isObject(data.part) ? textAt(data.part, "text", kind, "part") : []),
		...(isObject(data.item) ? textsOfItem(data.item, 0) : []),
		...(isObject(data.response) ? textsOfBody(data.response) : []),
	];
}

/** Of the channels that are open, those whose text ends with this event. */
export function channelsEndedBy(
	{ data }: StreamedEvent,
	open: readonly string[],
): string[] {
	// `[DONE]`
	if (!isObject(data)) return [...open];
	const { type } = data;
	if (Array.isArray(data.choices)) {
		const ended = objects(data.choices)
			.filter(({ finish_reason: reason }) => typeof reason === "string")
			.map(({ index }) => String(index ?? 0));
		return open.filter((channel) =>
			ended.includes(channel.split(":")[1] ?? ""),
		);
	}
	if (type === "content_block_stop")
		return open.filter((channel) => channel === `block:${data.index}`);
	if (typeof type === "string" && type.endsWith(".done")) {
		const channel = channelOfType(data, type);
		return open.filter((one) => one === channel);
	}
	return [];
}

function textAt(
	owner: JsonObject,
	key: string,
	kind: TextKind,
	channel: string,
): PlacedText[] {
	const text = owner[key];
	if (typeof text !== "string") return [];
	return [
		{
			channel,
			kind,
			text,
			replace: (changed) => {
				owner[key] = changed;
			},
		},
	];
}

function textsOfMessage(message: JsonObject, choice: string): PlacedText[] {
	const plain = Object.entries(messageKeys).flatMap(([kind, keys]) =>
		keys.flatMap((key) =>
			textAt(message, key, kind as TextKind, `${kind}:${choice}`),
		),
	);
	const parts = objects(message.content).flatMap((part, index) =>
		textAt(part, "text", "content", `content:${choice}:${index}`),
	);
	const calls = objects(message.tool_calls).flatMap((call, index) =>
		isObject(call.function)
			? textAt(
					call.function,
					"arguments",
					"arguments",
					`arguments:${choice}:${call.index ?? index}`,
				)
			: [],
	);
	return [...plain, ...parts, ...calls];
}

/** An output item of Responses. */
function textsOfItem(item: JsonObject, index: number): PlacedText[] {
	const kind = item.type === "reasoning" ? "reasoning" : "content";
	return [
		...[...objects(item.content), ...objects(item.summary)].flatMap(
			(part, place) => [
				...textAt(part, "text", kind, `item:${index}:${place}`),
				...textAt(part, "refusal", "refusal", `item:${index}:${place}`),
			],
		),
		...textAt(item, "arguments", "arguments", `item:${index}`),
	];
}

/** A content block of Messages. */
function textsOfBlock(block: JsonObject, index: number): PlacedText[] {
	return [
		...textAt(block, "text", "content", `block:${index}`),
		...textAt(block, "thinking", "reasoning", `block:${index}`),
		...(block.type === "tool_use" && isObject(block.input)
			? stringsIn(block.input, `block:${index}`)
			: []),
	];
}

function stringsIn(owner: JsonObject, channel: string): PlacedText[] {
	return Object.entries(owner).flatMap(([key, value]) => {
		const place = `${channel}:${key}`;
		if (typeof value === "string")
			return textAt(owner, key, "arguments", place);
		if (isObject(value)) return stringsIn(value, place);
		if (Array.isArray(value))
			return stringsIn(value as unknown as JsonObject, place);
		return [];
	});
}

/** `response.function_call_arguments.delta` */
function kindOfType(type: string): TextKind {
	if (type.includes("reasoning")) return "reasoning";
	if (type.includes("refusal")) return "refusal";
	return type.includes("arguments") ? "arguments" : "content";
}

function channelOfType(data: JsonObject, type: string): string {
	const { item_id: item, output_index: output } = data;
	const part = data.content_index ?? data.summary_index ?? 0;
	return `${type.replace(/\.(delta|done)$/, "")}:${item ?? output}:${part}`;
}

/** Tokens and their probabilities would tell what was taken out of the texts. */
export function dropLogprobs(value: JsonValue): void {
	if (Array.isArray(value)) {
		for (const entry of value) dropLogprobs(entry);
		return;
	}
	if (!isObject(value)) return;
	for (const [key, entry] of Object.entries(value)) {
		if (key === "logprobs" && entry !== null)
			value[key] = Array.isArray(entry) ? [] : null;
		else if (key === "prompt_logprobs" || key === "token_ids")
			value[key] = null;
		else if (typeof entry === "object") dropLogprobs(entry);
	}
}
