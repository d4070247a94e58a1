import { describe, expect, test } from "vitest";
import { MetricFamilies } from "./metric-families.ts";

const one = `# HELP galley:x Things.
# TYPE galley:x counter
galley:x 1
galley:x{a="{b} c"} 2

# HELP vllm:x Things.
# TYPE vllm:x counter
vllm:x 1
`;
const two = `# HELP galley:h Times.
# TYPE galley:h histogram
galley:h_bucket{le="1"} 1
galley:h_bucket{le="+Inf"} 2
galley:h_sum 3
galley:h_count 2

# HELP galley:x Said otherwise.
# TYPE galley:x counter
galley:x{} 5
`;

describe("expositions put together", () => {
	test("have each name once, with all its samples, labelled with where they are from", () => {
		const families = new MetricFamilies();
		families.add(one, {}, (name) => name.startsWith("galley:"));
		families.add(two, { service: 'a"b', replica: "a/1" });
		expect(families.render()).toBe(`# HELP galley:x Things.
# TYPE galley:x counter
galley:x 1
galley:x{a="{b} c"} 2
galley:x{service="a\\"b",replica="a/1"} 5

# HELP galley:h Times.
# TYPE galley:h histogram
galley:h_bucket{service="a\\"b",replica="a/1",le="1"} 1
galley:h_bucket{service="a\\"b",replica="a/1",le="+Inf"} 2
galley:h_sum{service="a\\"b",replica="a/1"} 3
galley:h_count{service="a\\"b",replica="a/1"} 2
`);
	});
});
