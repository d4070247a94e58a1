import { element } from "../page/element.js";
import { empty, failure, loading } from "../page/states.js";
import { newAnswer, storedAnswer, withChunk } from "./answer-state.js";
import { CollectionPicker } from "./collection-picker.js";
import { Composer } from "./composer.js";
import { AnswerView, questionView } from "./message-view.js";
import { ReadingNotice } from "./reading-notice.js";

const longestTitle = 80;

/** One conversation: what was said, and the line to go on. */
export class ChatView {
	#parts;
	#conversation;
	#running = null;
	#thread = element("div", { class: "thread" });
	#scroll = element(
		"div",
		{ class: "thread-frame", tabindex: "-1" },
		this.#thread,
	);
	#picker = new CollectionPicker();
	#composer;
	#reading;
	/** Whether the end is in sight: then it is kept there while the answer grows. */
	#isAtEnd = true;
	#follow = new ResizeObserver(() => {
		if (this.#isAtEnd) this.#scroll.scrollTop = this.#scroll.scrollHeight;
	});

	/** `parts`: api, markdown, panel, conversations, settings; `conversation` is an id, or null for a new one. */
	constructor(parts, conversation) {
		this.#parts = parts;
		this.#conversation = conversation;
		this.#composer = new Composer({
			onAsk: (question) => this.#ask(question),
			onStop: () => this.#running?.abort(),
			extra: this.#picker.node,
		});
		this.#reading = new ReadingNotice(parts.api, (collections) => {
			this.#picker.show(collections);
			if (this.#isWelcome) this.#welcome(collections);
		});
		this.node = element(
			"section",
			{ class: "chat", "aria-label": "Chat" },
			this.#scroll,
			this.#reading.node,
			this.#composer.node,
		);
		this.#scroll.addEventListener("scroll", () => {
			const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
			this.#isAtEnd = scrollHeight - scrollTop - clientHeight < 60;
		});
		this.#follow.observe(this.#thread);
	}

	async open() {
		this.#thread.replaceChildren(loading());
		const { api, conversations } = this.#parts;
		conversations.select(this.#conversation);
		try {
			const [{ collections }, stored] = await Promise.all([
				api.get("/v1/collections"),
				this.#conversation === null
					? null
					: api.get(
							`/v1/conversations/${encodeURIComponent(this.#conversation)}`,
						),
			]);
			this.#picker.show(collections);
			this.#reading.watch(collections);
			if (stored === null) this.#welcome(collections);
			else this.#showStored(stored.messages);
			this.#composer.focus();
		} catch (error) {
			this.#thread.replaceChildren(failure(error, () => this.open()));
		}
	}

	close() {
		this.#running?.abort();
		this.#follow.disconnect();
		this.#reading.close();
	}

	get #isWelcome() {
		return this.#thread.querySelector(".message") === null;
	}

	#welcome(collections) {
		const pages = collections.reduce(
			(sum, { documents }) => sum + documents,
			0,
		);
		const isRead = collections.some(({ reading }) => reading !== null);
		if (pages === 0) {
			const first = element(
				"p",
				{ class: "aside" },
				"Reading the first pages…",
			);
			this.#thread.replaceChildren(
				isRead
					? first
					: empty(
							"Nothing to ask about yet",
							"Add web pages, a sitemap, files or a text; then ask.",
							element(
								"a",
								{ href: "#/collections", class: "button primary" },
								"Add pages",
							),
						),
			);
			return;
		}
		const isStarter = collections.some(({ name }) => name === "galley-docs");
		this.#thread.replaceChildren(
			element(
				"div",
				{ class: "welcome" },
				element("h1", {}, "Ask your pages"),
				element(
					"p",
					{},
					"Answers come from the pages in your collections. The numbers in them open the passage that says so.",
				),
				isStarter
					? element(
							"ul",
							{ class: "suggestions", "aria-label": "Suggestions" },
							suggestions.map((question) =>
								element(
									"li",
									{},
									element(
										"button",
										{
											type: "button",
											on: { click: () => this.#ask(question) },
										},
										question,
									),
								),
							),
						)
					: null,
			),
		);
	}

	#showStored(messages) {
		this.#thread.replaceChildren();
		for (const message of messages)
			if (message.role === "user")
				this.#thread.append(questionView(message.content));
			else if (message.role === "assistant") {
				const view = this.#answerView(null);
				this.#thread.append(view.node);
				view.show(storedAnswer(message));
			}
	}

	#answerView(onRetry) {
		const { api, markdown, panel } = this.#parts;
		return new AnswerView({
			markdown,
			onSource: (citation, opener) => panel.open(citation, opener),
			onRate: (id, rating, comment) =>
				api.put(`/v1/messages/${encodeURIComponent(id)}/feedback`, {
					rating,
					...(comment === null ? {} : { comment }),
				}),
			onRetry,
		});
	}

	async #ask(question) {
		if (this.#running !== null) return;
		if (this.#isWelcome) this.#thread.replaceChildren();
		const asked = questionView(question);
		const view = this.#answerView(() => {
			asked.remove();
			view.node.remove();
			this.#ask(question);
		});
		this.#thread.append(asked, view.node);
		this.#isAtEnd = true;
		const running = new AbortController();
		this.#running = running;
		this.#composer.setBusy(true);
		let answer = newAnswer();
		view.show(answer);
		try {
			await this.#begin(question);
			for await (const { data } of this.#parts.api.events(
				"/v1/chat/completions",
				{ body: this.#request(question), signal: running.signal },
			)) {
				answer = withChunk(answer, data);
				view.show(answer);
			}
			if (answer.state === "waiting" || answer.state === "writing")
				answer = {
					...answer,
					state: "failed",
					problem: "The answer broke off. Ask again.",
				};
		} catch (error) {
			answer =
				error.name === "AbortError"
					? { ...answer, state: "stopped" }
					: { ...answer, state: "failed", problem: error.message };
		}
		view.show(answer);
		this.#running = null;
		this.#composer.setBusy(false);
		this.#parts.conversations.refresh();
	}

	/** The conversation is made with its first question. */
	async #begin(question) {
		if (this.#conversation !== null) return;
		const { api, conversations } = this.#parts;
		const { id } = await api.post("/v1/conversations", {
			title: question.slice(0, longestTitle),
		});
		this.#conversation = id;
		history.replaceState(null, "", `#/chat/${encodeURIComponent(id)}`);
		conversations.select(id);
	}

	#request(question) {
		const { chosen } = this.#picker;
		return {
			model: "rag",
			stream: true,
			// What was said before is in the conversation.
			messages: [{ role: "user", content: question }],
			conversation: this.#conversation,
			...(chosen === null ? {} : { collections: chosen }),
			settings: this.#parts.settings.overrides,
		};
	}
}

const suggestions = [
	"How do I run a model of my own?",
	"How do I create an API key?",
	"What does the scheduler do when the KV cache is full?",
];
