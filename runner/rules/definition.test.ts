import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { dispatch } from "../cli/dispatch.ts";
import { readDefinitionFile } from "./definition.ts";

const run = (...argv: string[]) => dispatch(argv, () => new AbortController().signal);

t.test("a file has a definition or a list of them", async (t) => {
  const file = join(t.testdir({}), "rules.json");
  const band = { rule: "band", dataset: "price_data", expectation: "values_between", parameters: { column: "close", min: 0.01, warn: { min: 1 } } };
  writeFileSync(file, JSON.stringify(band));
  t.strictSame(readDefinitionFile(file), [{ ...band, severity: "error", family: "custom" }]);
  writeFileSync(file, JSON.stringify([band, { rule: "inside", dataset: "price_data", expression: "close > low", severity: "info" }]));
  t.match(readDefinitionFile(file), [{ rule: "band" }, { rule: "inside", parameters: {}, severity: "info" }]);
  for (const [data, message] of [
    [{ ...band, expression: "close > 0" }, /rules\.json: this is not a rule: give either expectation or expression\./],
    [[band, { ...band, severity: "grave" }], /rules\.json, rule 2: this is not a rule: severity: /],
    [{ ...band, treshold: 1 }, /treshold/],
    [{ ...band, parameters: 5 }, /parameters: /],
    [5, /this is not a rule/],
  ] as const) {
    writeFileSync(file, JSON.stringify(data));
    t.throws(() => readDefinitionFile(file), { message, exitCode: 2 });
  }
});

t.test("wrong usage is one sentence and exit status 2, before anything is opened", async (t) => {
  const file = join(t.testdir({ "rules.json": "{" }), "rules.json");
  for (const [argv, message] of [
    [["rules", "define", "bad", "--dataset", "price_data"], /give either expectation or expression/],
    [["rules", "define", "bad", "--dataset", "price_data", "--expectation", "values_null", "--parameters", "column"], /--parameters is not JSON: column/],
    [["rules", "define", file, "--dataset", "price_data"], /--dataset does not go with a file/],
    [["rules", "define", file], /rules\.json cannot be read as JSON/],
    [["rules", "test", "none.json"], /none\.json cannot be read as JSON/],
    [["rules", "test", "inside", "--from", "2024-02-30"], /"2024-02-30" is not a date/],
    [["rules", "test", "inside", "--findings", "some"], /--findings is not a number/],
  ] as const) {
    await t.rejects(run(...argv), { message, exitCode: 2 }, argv.join(" "));
  }
});
