import { parentPort } from "node:worker_threads";
import { GrammarError } from "../grammar/grammar-error.ts";
import { compileConstraint } from "./compile-constraint.ts";
import type {
	CompileAnswer,
	CompileQuestion,
} from "./grammar-compiler-protocol.ts";

/** Entry of the compiler thread. */

function answerTo({ constraint }: CompileQuestion): CompileAnswer {
	try {
		return { grammar: compileConstraint(constraint) };
	} catch (thrown) {
		if (thrown instanceof GrammarError) {
			const { reason, message, path, param } = thrown;
			return { refusal: { reason, message, path, param } };
		}
		// Input decides how deep the compilers recur.
		if (thrown instanceof RangeError) {
			const message = "The constraint is too large: it is nested too deeply.";
			return {
				refusal: { reason: "too_large", message, path: null, param: null },
			};
		}
		const fault = thrown instanceof Error ? thrown.stack : undefined;
		return { fault: fault ?? String(thrown) };
	}
}

parentPort?.on("message", (question: CompileQuestion) => {
	parentPort?.postMessage(answerTo(question));
});
