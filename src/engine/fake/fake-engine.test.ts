import { writeFakeAdapter } from "../../../bench/random-model/random-adapter.ts";
import { describeEngine } from "../engine-conformance.ts";
import { fakeEngine } from "./fake.ts";

describeEngine({
	name: "fake",
	modelPath: "fake:",
	load: fakeEngine.load,
	tolerance: 0,
	writeAdapter: writeFakeAdapter,
});
