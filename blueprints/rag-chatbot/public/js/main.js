import { Api } from "./api/api.js";
import { ChatView } from "./chat/chat-view.js";
import { ConversationList } from "./chat/conversation-list.js";
import { SourcePanel } from "./chat/source-panel.js";
import { CollectionView } from "./collections/collection-view.js";
import { CollectionsView } from "./collections/collections-view.js";
import { ExplorerView } from "./explorer/explorer-view.js";
import { KeyDialog } from "./page/key-dialog.js";
import { Markdown } from "./page/markdown.js";
import { SideBar } from "./page/side-bar.js";
import { Theme } from "./page/theme.js";
import { AnswerOverrides } from "./settings/answer-overrides.js";
import { SettingsView } from "./settings/settings-view.js";

/** Puts the page together; the address behind # says which room is shown. */
function start() {
	const keys = new KeyDialog();
	const api = new Api((wasWrong) => keys.ask(wasWrong));
	const markdown = new Markdown();
	const panel = new SourcePanel(
		document.getElementById("panel"),
		api,
		markdown,
	);
	const settings = new AnswerOverrides();
	const conversations = new ConversationList(api, (id) => {
		if (location.hash === `#/chat/${encodeURIComponent(id)}`)
			location.hash = "#/chat";
	});
	const sideBar = new SideBar({ theme: new Theme(), conversations });
	const parts = { api, markdown, panel, settings, conversations };
	const main = document.getElementById("main");
	let room = null;

	const show = () => {
		const [, name = "chat", id = null] =
			/^#\/(\w+)(?:\/([^/]+))?/.exec(location.hash) ?? [];
		room?.close();
		panel.close();
		room = openRoom(name, id === null ? null : decodeURIComponent(id), parts);
		conversations.select(null);
		sideBar.show(name);
		document.title = `${titles[name] ?? titles.chat} · Ask your pages`;
		main.replaceChildren(room.node);
		room.open();
	};
	addEventListener("hashchange", show);
	// A click on the link of the room that is open begins it anew.
	sideBar.onAgain = show;
	show();
	conversations.refresh();
	document.getElementById("skip").addEventListener("click", () => main.focus());
	watchConnection();
}

const titles = {
	chat: "Chat",
	collections: "Collections",
	explorer: "Explorer",
	settings: "Settings",
};

function openRoom(name, id, parts) {
	switch (name) {
		case "collections":
			return id === null
				? new CollectionsView(parts)
				: new CollectionView(parts, id);
		case "explorer":
			return new ExplorerView(parts);
		case "settings":
			return new SettingsView(parts);
		default:
			return new ChatView(parts, id);
	}
}

function watchConnection() {
	const note = document.getElementById("offline");
	const draw = () => {
		note.hidden = navigator.onLine;
	};
	addEventListener("online", draw);
	addEventListener("offline", draw);
	draw();
}

start();
