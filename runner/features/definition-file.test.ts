import t from "tap";
import { readDefinitions } from "./definition-file.ts";

t.test("a file of definitions", async (t) => {
  const { description, features } = readDefinitions(
    "-- Momentum of closes.\n-- After Jegadeesh and Titman.\n\nrsi = ta.rsi(close, 14) -- Strength.\nma = ta.rolling_mean(close, 5)\n  / close\n-- no feature\nGap = open - ta.ref(close, 1)\n",
    "momentum.features",
  );
  t.equal(description, "Momentum of closes. After Jegadeesh and Titman.");
  t.same(features, [
    { name: "rsi", expression: "ta.rsi(close, 14)", description: "Strength.", line: 4 },
    { name: "ma", expression: "ta.rolling_mean(close, 5) / close", description: "", line: 5 },
    { name: "gap", expression: "open - ta.ref(close, 1)", description: "", line: 8 },
  ]);
});

t.test("what is no definition is refused with its line", async (t) => {
  t.throws(() => readDefinitions("rsi = ta.rsi(close)\nnonsense here\n", "x"), { message: /^Line 2 of x is not a feature: nonsense here/, exitCode: 2 });
  t.throws(() => readDefinitions("-- nothing\n", "x"), { message: /defines no feature/, exitCode: 2 });
  t.throws(() => readDefinitions("a == 3", "x"), { message: /^Line 1/ });
});
