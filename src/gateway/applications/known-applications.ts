/** A sample application: what the console tells of it, and where it is found. */
export interface KnownApplication {
	title: string;
	description: string;
	/** Its folder in the package, where its source can be read. */
	source: string;
	port: number;
	/** Answers 200 when it can do its work. */
	readyPath: string;
	/** Variables that tell it where the gateway is. */
	environment(facts: ApplicationFacts): Readonly<Record<string, string>>;
}

export interface ApplicationFacts {
	port: number;
	/** `http://127.0.0.1:8000` */
	gateway: string;
	apiKey: string;
	/** For its database. */
	dataDirectory: string;
}

export const knownApplications: ReadonlyMap<string, KnownApplication> = new Map(
	[
		[
			"rag-chatbot",
			{
				title: "RAG chatbot",
				description:
					"Answers from your web pages and files, with citations: an embedding, a reranking and a language model behind one gateway.",
				source: "blueprints/rag-chatbot",
				port: 8010,
				readyPath: "/health",
				environment: ({ port, gateway, apiKey, dataDirectory }) => ({
					RAG_PORT: String(port),
					RAG_DATA_DIR: dataDirectory,
					CHAT_URL: `${gateway}/v1`,
					EMBEDDING_URL: `${gateway}/v1`,
					RERANK_URL: `${gateway}/v1`,
					CHAT_API_KEY: apiKey,
					EMBEDDING_API_KEY: apiKey,
					RERANK_API_KEY: apiKey,
				}),
			},
		],
	],
);
