import { element, icon } from "./element.js";

const rooms = [
	["chat", "Chat"],
	["collections", "Collections"],
	["explorer", "Explorer"],
	["settings", "Settings"],
];
const themeWords = { system: "System", light: "Light", dark: "Dark" };

/** The rooms, the conversations and the colours; a drawer on narrow screens. */
export class SideBar {
	#bar = document.getElementById("sidebar");
	#menu = document.getElementById("menu");
	#scrim = document.getElementById("scrim");
	onAgain = () => undefined;

	constructor({ theme, conversations }) {
		const themeName = element("span", {}, themeWords[theme.choice]);
		this.#bar.replaceChildren(
			element(
				"div",
				{ class: "brand" },
				mark(),
				element("strong", {}, "Ask your pages"),
			),
			element(
				"a",
				{
					href: "#/chat",
					class: "button new-chat",
					on: { click: this.#again },
				},
				icon("plus"),
				"New chat",
			),
			element(
				"ul",
				{ class: "rooms" },
				rooms.map(([name, title]) =>
					element(
						"li",
						{},
						element(
							"a",
							{
								href: `#/${name}`,
								"data-room": name,
								on: { click: this.#again },
							},
							icon(name),
							title,
						),
					),
				),
			),
			conversations.node,
			element(
				"button",
				{
					type: "button",
					class: "quiet theme",
					on: {
						click: () => {
							themeName.textContent = themeWords[theme.turn()];
						},
					},
				},
				icon("theme"),
				element("span", {}, "Colours:"),
				themeName,
			),
		);
		this.#menu.append(icon("menu"));
		this.#menu.addEventListener("click", () => this.#setOpen(!this.#isOpen));
		this.#scrim.addEventListener("click", () => this.#setOpen(false));
		addEventListener("keydown", (event) => {
			if (event.key === "Escape" && this.#isOpen) {
				this.#setOpen(false);
				this.#menu.focus();
			}
		});
	}

	show(room) {
		for (const link of this.#bar.querySelectorAll("[data-room]"))
			if (link.dataset.room === room) link.setAttribute("aria-current", "page");
			else link.removeAttribute("aria-current");
		this.#setOpen(false);
	}

	get #isOpen() {
		return this.#bar.classList.contains("is-open");
	}

	#setOpen(isOpen) {
		this.#bar.classList.toggle("is-open", isOpen);
		this.#scrim.hidden = !isOpen;
		this.#menu.setAttribute("aria-expanded", String(isOpen));
		if (isOpen) this.#bar.querySelector("a").focus();
	}

	#again = (event) => {
		if (event.currentTarget.getAttribute("href") === location.hash)
			this.onAgain();
	};
}

function mark() {
	return element("img", {
		src: "/icon.svg",
		alt: "",
		width: "28",
		height: "28",
	});
}
