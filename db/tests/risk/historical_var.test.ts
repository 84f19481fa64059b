import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";

t.test("historical value at risk and expected shortfall", async (t) => {
  const db = await testDatabase(t);
  const valueAtRisk = (returns: readonly (number | null)[], confidence: number) => db.value<number>("select risk.historical_var($1::double precision[], $2)", [returns, confidence], "reader");
  const shortfall = (returns: readonly (number | null)[], confidence: number) => db.value<number>("select risk.historical_es($1::double precision[], $2)", [returns, confidence], "reader");
  const near = (found: number, expected: number, what: string) => t.ok(Math.abs(found - expected) < 1e-12, `${what}: ${found} is ${expected}`);

  // empyrical/tests/test_stats.py, test_value_at_risk: cutoffs 0.2 and 0.3 give 81 and 81.5.
  near(await valueAtRisk([1, 81, 82, 83, 84, 85], 0.8), -81, "an order statistic");
  near(await valueAtRisk([1, 81, 82, 83, 84, 85], 0.7), -81.5, "half way between two");

  // A hundred days with losses of 1 % to 100 %, by hand: the quantile at 5 % of type 7 lies at position 1 + 99 * 0.05 = 5.95 from the worst.
  const hundred = Array.from({ length: 100 }, (_, i) => -(i + 1) / 100);
  near(await valueAtRisk(hundred, 0.95), 0.9505, "type 7");
  near(await shortfall(hundred, 0.95), (1 + 0.99 + 0.98 + 0.97 + 0.96) / 5, "the mean of the five worst");
  near(await valueAtRisk([...hundred].reverse(), 0.99), 0.9901, "the order does not matter");

  // The quantile is one of the returns: it belongs to the tail.
  const eleven = [-10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0].map((value) => value / 100);
  near(await valueAtRisk(eleven, 0.8), 0.08, "the third worst of eleven");
  near(await shortfall(eleven, 0.8), 0.09, "at or beyond");
  near(await shortfall(Array<number>(30).fill(-0.01), 0.9), 0.01, "equal losses");
  near(await valueAtRisk(eleven.map((value) => value + 0.2), 0.8), -0.12, "a quantile that is a gain is a negative loss");
  near(await valueAtRisk([null, ...eleven, null], 0.8), 0.08, "unknown returns do not count");

  const refused = (returns: unknown, confidence: unknown) => db.refused("select risk.historical_es($1::double precision[], $2)", [returns, confidence]);
  t.match(await refused(hundred.slice(1), 0.99), { code: "MB007", message: /needs 100 returns at least; there are 99/ }, "a tail without a return");
  t.match(await refused([], 0.9), { code: "MB007", message: /there are 0/ });
  for (const confidence of [0, 1, -1, 95, "NaN", null]) t.match(await refused(eleven, confidence), { code: "MB001" }, `confidence ${confidence}`);
});

t.test("the managers of PerformanceAnalytics have the value at risk that its vignette prints", async (t) => {
  const file = shared(t, "reference/performance-analytics/managers.csv");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const [header, ...lines] = readFileSync(file, "utf8").trim().split("\n").map((line) => line.split(","));
  // table.DownsideRisk(managers[, 1:6], Rf = .03/12): Historical VaR (95%) and Historical ES (95%).
  const expected: Record<string, [number, number]> = {
    HAM1: [0.0258, 0.0513], HAM2: [0.0294, 0.0331], HAM3: [0.0425, 0.0555], HAM4: [0.0799, 0.1122], HAM5: [0.0733, 0.1023], HAM6: [0.0341, 0.0392],
  };
  for (const [name, [valueAtRisk, shortfall]] of Object.entries(expected)) {
    const at = (header as string[]).indexOf(name);
    const returns = lines.map((line) => (line[at] === "" ? null : Number(line[at])));
    const [row] = await db.query<{ var: number; es: number }>("select risk.historical_var(r, 0.95) as var, risk.historical_es(r, 0.95) as es from (select $1::double precision[] as r) as x", [returns]);
    t.equal(row?.var.toFixed(4), valueAtRisk.toFixed(4), `${name}: value at risk`);
    t.equal(row?.es.toFixed(4), shortfall.toFixed(4), `${name}: expected shortfall`);
  }
});
