/** Everything a model might write to make a page do what it should not. */
const hostileParts = [
	"<script>window.wasRun = 1</script>",
	'<img src="http://elsewhere.example/pixel.png" onerror="window.wasRun = 2">',
	'<iframe src="javascript:parent.wasRun = 3"></iframe>',
	"<svg onload=\"window.wasRun = 4\"><style>@import 'http://elsewhere.example/x.css'</style></svg>",
	'<a href="javascript:window.wasRun=5" onclick="window.wasRun=6">raw link</a>',
	"[click me](javascript:window.wasRun=7) [data](data:text/html,<script>parent.wasRun=8</script>)",
	"[tricky](  JaVaScRiPt:window.wasRun=9) <javascript:window.wasRun=10> [local](/v1/keys)",
	"![pixel](http://elsewhere.example/tracker.png) ![inline](data:image/svg+xml,<svg/onload=alert(1)>)",
	"[page](https://example.org/page)",
	"\u001b[31mred\u001b[0m \u001b]8;;http://elsewhere.example\u0007link\u001b]8;;\u0007 safe\u202etxt.exe",
	"<form action='http://elsewhere.example'><input name=x><button>go</button></form>",
	"<style>body { display: none }</style><meta http-equiv=refresh content='0;url=http://elsewhere.example'>",
];

const hostileTable = [
	"| n | square |",
	"|---|---|",
	...Array.from({ length: 1500 }, (_, index) => `| ${index} | ${index ** 2} |`),
	"",
	"```html",
	"<script>window.wasRun = 11</script>",
	"```",
	"",
	"$$\\href{javascript:window.wasRun=12}{x}$$ :::mermaid",
	"```mermaid",
	'graph TD; A-->B; click A href "javascript:window.wasRun=13"',
	"```",
].join("\n");

/** Each with a paragraph of its own: a block of HTML would swallow the Markdown behind it. */
const hostileText = `${hostileParts.join("\n\n")}\n\n${hostileTable}`;

export type Body = Readonly<Record<string, unknown>>;

/** What the prompt asks for by a word in it. */
export function textFor(asked: string, model: string): string {
	if (asked.includes("hostile")) return hostileText;
	if (asked.includes("json")) return '{"name": "Ada", "age": 36}';
	const start = model.endsWith("pirate") ? "Arr! " : "";
	const text = `${start}The sea is salty because **rivers** wash minerals out of rock.\n\n1. Rain dissolves a little stone.\n2. Rivers carry it down.\n3. Water evaporates; the salt stays.\n\n| Water | Salt (g/kg) |\n|---|---|\n| Rivers | 0.1 |\n| Sea | 35 |\n\n\`\`\`python\nsalt = 35 * litres  # grams\n\`\`\`\n`;
	return asked.includes("slow") ? text.repeat(8) : text;
}

/** Sure of most words, less of some. */
export function logprobsOf(body: Body, token: string): object {
	if (body.logprobs !== true) return {};
	const probability = [0.97, 0.6, 0.85, 0.3, 0.05][token.length % 5] ?? 0.5;
	const candidate = (text: string, share: number) => ({
		token: text,
		logprob: Math.log(share),
		bytes: [],
	});
	return {
		logprobs: {
			content: [
				{
					...candidate(token, probability),
					top_logprobs: [
						candidate(token, probability),
						candidate(" other", (1 - probability) * 0.7),
						candidate("\n", (1 - probability) * 0.2),
					],
				},
			],
			refusal: null,
		},
	};
}

/** Texts with words in common lie near each other. */
export function embed(body: Body) {
	const inputs = body.input as string[];
	const vector = (text: string) => {
		const values = Array.from({ length: 24 }, () => 0.05);
		for (const word of text.toLowerCase().match(/\w{3,}/g) ?? []) {
			let hash = 7;
			for (const letter of word) hash = (hash * 31 + letter.charCodeAt(0)) % 24;
			values[hash] = (values[hash] ?? 0) + 1;
		}
		return values;
	};
	return {
		object: "list",
		data: inputs.map((text, index) => ({ index, embedding: vector(text) })),
		usage: { prompt_tokens: 40, total_tokens: 40 },
	};
}

export function rank(body: Body) {
	const passages = body.passages as { text: string }[];
	const logit = (text: string) =>
		(/river|salt|sea/.exec(text) ? 2 : -4) + text.length / 50;
	return {
		rankings: passages
			.map(({ text }, index) => ({ index, logit: logit(text) }))
			.sort((left, right) => right.logit - left.logit),
		usage: { prompt_tokens: 70, total_tokens: 70 },
	};
}
