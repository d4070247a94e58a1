/**
 * Random tests draw from a seed that the run names, so that a green run stays green: `GALLEY_TEST_SEED=random npm test` looks
 * further, and what it finds is kept as an example.
 */
import fc from "fast-check";

const wanted = process.env.GALLEY_TEST_SEED ?? "20261123";
if (wanted !== "random") fc.configureGlobal({ seed: Number(wanted) });
