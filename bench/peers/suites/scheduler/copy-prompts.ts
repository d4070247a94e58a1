/** Texts that repeat themselves and stop in the middle: whoever goes on as before copies. */
export const copyPrompts: readonly { name: string; text: string }[] = [
	{
		name: "refrain",
		text: [
			"The wheels on the bus go round and round, round and round, round and round.",
			"The wheels on the bus go round and round, all through the town.",
			"The horn on the bus goes beep, beep, beep; beep, beep, beep; beep, beep, beep.",
			"The horn on the bus goes beep, beep, beep, all through the town.",
			"The wheels on the bus go round and round, round and round, round and round.",
			"The wheels on the bus go round and round,",
		].join("\n"),
	},
	{
		name: "list",
		text: `${["Monday", "Tuesday", "Wednesday"]
			.map(
				(day) =>
					`Shopping list for ${day}:\n- bread\n- milk\n- eggs\n- apples\n- cheese\n`,
			)
			.join("\n")}\nShopping list for Thursday:\n- bread\n`,
	},
	{
		name: "JSON",
		text: `[${'{"name": "Anna", "city": "Paris", "country": "France"}, '.repeat(3)}{"name": "Anna",`,
	},
	{
		name: "sentence",
		text: `${"The ship left the harbor in the morning and came back in the evening. ".repeat(2)}The ship left the harbor in the morning`,
	},
	{
		name: "story",
		text: `Once upon a time there was a little girl who lived near the forest. Her mother said to her: take this bread and this milk to your grandmother. The little girl took the bread and the milk and went to her grandmother.

Once upon a time there was a little girl who lived near the forest. Her mother said`,
	},
	{
		name: "facts",
		text: `${"The capital of France is Paris. The capital of Italy is Rome. The capital of Spain is Madrid. ".repeat(2)}The capital of France is`,
	},
];
