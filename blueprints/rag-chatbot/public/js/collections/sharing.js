import { element, field, iconButton } from "../page/element.js";
import { fill, toast } from "../page/states.js";

const accessWords = { read: "may read", write: "may read and edit" };

/** Who else may use a collection: names of keys, or * for everybody. */
export function sharing(api, path) {
	const list = element("div", {});
	const show = () =>
		fill(list, async () => {
			const { grants } = await api.get(`${path}/grants`);
			if (grants.length === 0)
				return element("p", { class: "aside" }, "Nobody else.");
			return element(
				"ul",
				{ class: "grants" },
				grants.map(({ principal, access }) =>
					element(
						"li",
						{},
						element(
							"span",
							{},
							`${principal === "*" ? "Everybody" : principal} ${accessWords[access] ?? access}`,
						),
						iconButton("trash", `Withdraw from ${principal}`, () =>
							change(() => api.delete(of(principal))),
						),
					),
				),
			);
		});
	const of = (principal) => `${path}/grants/${encodeURIComponent(principal)}`;
	const change = async (act) => {
		try {
			await act();
			await show();
		} catch (error) {
			toast(error.message, "problem");
		}
	};
	const name = element("input", {
		required: true,
		pattern: "\\*|[a-zA-Z0-9._\\-]{1,100}",
	});
	const access = element(
		"select",
		{},
		Object.entries(accessWords).map(([value, text]) =>
			element("option", { value }, text),
		),
	);
	return element(
		"details",
		{
			class: "card",
			on: {
				toggle: (event) => {
					if (event.currentTarget.open) show();
				},
			},
		},
		element("summary", {}, "Sharing"),
		list,
		element(
			"form",
			{
				class: "field-grid",
				on: {
					submit: (event) => {
						event.preventDefault();
						change(async () => {
							await api.put(of(name.value), { access: access.value });
							name.value = "";
						});
					},
				},
			},
			field("Name of a key", name, "* is everybody who has a key."),
			field("Access", access),
			element("button", {}, "Share"),
		),
	);
}
