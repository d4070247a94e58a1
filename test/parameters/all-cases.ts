import { askerCases } from "./asker-cases.ts";
import type { RouteName } from "./dialects.ts";
import { nvextCases } from "./nvext-cases.ts";
import { outputCases } from "./output-cases.ts";
import type { ParameterCase } from "./parameter-case.ts";
import { ignoredCases } from "./policy-cases.ts";
import { promptCases } from "./prompt-cases.ts";
import { samplingCases } from "./sampling-cases.ts";
import { stoppingCases } from "./stopping-cases.ts";
import { storedCases } from "./stored-cases.ts";
import { toolCases } from "./tool-cases.ts";

const parameterCases: readonly ParameterCase[] = [
	...promptCases,
	...storedCases,
	...askerCases,
	...samplingCases,
	...stoppingCases,
	...outputCases,
	...toolCases,
	...nvextCases,
	...ignoredCases,
];

export function casesOf(
	route: RouteName,
): { name: string; one: ParameterCase }[] {
	return parameterCases.flatMap((one) => {
		const name = one.names[route];
		return name === undefined ? [] : [{ name, one }];
	});
}
