import { element } from "./element.js";

/** Shown while something is fetched. */
export function loading(text = "Loading…") {
	return element(
		"p",
		{ class: "state", role: "status" },
		element("span", { class: "spinner", "aria-hidden": "true" }),
		text,
	);
}

/** Nothing is there yet, and what to do about it. */
export function empty(title, text, ...actions) {
	return element(
		"div",
		{ class: "state empty" },
		element("h2", {}, title),
		element("p", {}, text),
		...actions,
	);
}

/** What went wrong, with a way to try again. */
export function failure(error, onRetry = null) {
	return element(
		"div",
		{ class: "state failure", role: "alert" },
		element("p", {}, error.message),
		onRetry === null
			? null
			: element(
					"button",
					{ type: "button", on: { click: onRetry } },
					"Try again",
				),
	);
}

/** Fills `place` by `load`; shows that it waits, and why it failed. A later fill of the same place wins. */
export async function fill(place, load, waiting = loading()) {
	const ticket = Symbol("fill");
	place.ticket = ticket;
	place.replaceChildren(waiting);
	try {
		const content = await load();
		if (place.ticket === ticket) place.replaceChildren(...[content].flat());
	} catch (error) {
		if (place.ticket !== ticket || error.name === "AbortError") return;
		place.replaceChildren(failure(error, () => fill(place, load, loading())));
	}
}

/** A short word at the edge of the page, read out by screen readers. */
export function toast(text, kind = "note") {
	const note = element("div", { class: `toast ${kind}` }, text);
	document.getElementById("toasts").append(note);
	setTimeout(() => note.remove(), kind === "problem" ? 8000 : 4000);
}

/** Asks before something is lost. Resolves to whether it was confirmed. */
export function confirmed(question, action) {
	return new Promise((resolve) => {
		const dialog = element(
			"dialog",
			{ "aria-label": question, on: { close: () => end() } },
			element("p", {}, question),
			element(
				"form",
				{ method: "dialog", class: "actions" },
				element("button", { value: "no" }, "Keep"),
				element("button", { value: "yes", class: "danger" }, action),
			),
		);
		const end = () => {
			dialog.remove();
			resolve(dialog.returnValue === "yes");
		};
		document.body.append(dialog);
		dialog.showModal();
	});
}
