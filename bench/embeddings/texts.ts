import { createRandomSource } from "../../src/benchmark/random-source.ts";

const words =
	"the cat sat on mat sea ship house river water green bread fire large small question answer document".split(
		" ",
	);

/**
 * Texts whose lengths are spread evenly over `shortest` to `longest` tokens, special tokens included; the same ones for the
 * same seed. `count` says how many tokens a text has.
 */
export function makeTexts(
	count: (text: string) => number,
	{
		texts,
		shortest,
		longest,
		seed,
	}: { texts: number; shortest: number; longest: number; seed: number },
): string[] {
	const random = createRandomSource(seed);
	return Array.from({ length: texts }, () => {
		const wanted = random.between(shortest, longest);
		const chosen: string[] = [];
		const draw = () => words[random.between(0, words.length - 1)] as string;
		while (count(chosen.join(" ")) < wanted) chosen.push(draw());
		while (chosen.length > 1 && count(chosen.join(" ")) > longest) chosen.pop();
		return chosen.join(" ");
	});
}
