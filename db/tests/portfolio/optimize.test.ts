import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, normals, startRun, weekdays } from "../ml/fixture.ts";

t.test("portfolio.optimize", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  const days = weekdays("2018-01-01", 200);
  const normal = normals(3);
  const series: Record<string, number[]> = { TESTA: [100], TESTB: [50], TESTC: [10] };
  for (let i = 1; i < days.length; i++) {
    const common = 0.01 * normal();
    (series["TESTA"] as number[]).push((series["TESTA"]?.[i - 1] as number) * (1 + common + 0.005 * normal()));
    (series["TESTB"] as number[]).push((series["TESTB"]?.[i - 1] as number) * (1 + common + 0.01 * normal()));
    (series["TESTC"] as number[]).push((series["TESTC"]?.[i - 1] as number) * (1 + 0.012 * normal()));
  }
  for (const [symbol, prices] of Object.entries(series)) {
    const instrument = await addInstrument(db, symbol);
    // Day 50 of B is missing; C has adjusted closes that differ from its closes.
    await addBars(db, run, instrument, days.flatMap((date, i) => (symbol === "TESTB" && i === 50 ? [] : [{
      date, close: (prices[i] as number) * (symbol === "TESTC" && i < 100 ? 2 : 1), ...(symbol === "TESTC" ? { adjustedClose: prices[i] as number } : {}),
    }])));
  }
  interface Result extends Record<string, unknown> { portfolio_optimization_id: string; weights: number[]; expected_volatility: number; observation_count: number; from_date: Date; run_id: string }
  const optimize = async (method: string, parameters: object = {}, symbols = ["TESTC", "TESTA", "TESTB"]) =>
    (await db.query<Result>("select * from portfolio.optimize($1, $2, $3, '2017-12-25', '2019-01-01', $4)", [run, method, symbols, JSON.stringify(parameters)], "worker"))[0] as Result;

  // The same by hand, on the days that all three have.
  const kept = days.map((_, i) => i).filter((i) => i !== 50);
  const returns = ["TESTC", "TESTA", "TESTB"].map((symbol) => kept.slice(1).map((day, k) => (series[symbol]?.[day] as number) / (series[symbol]?.[kept[k] as number] as number) - 1));
  const mean = (x: number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const covariance = returns.map((x) => returns.map((y) => x.reduce((sum, value, k) => sum + (value - mean(x)) * ((y[k] as number) - mean(y)), 0) / (x.length - 1)));
  const volatility = (w: number[]) => Math.sqrt(252 * w.reduce((sum, wi, i) => sum + w.reduce((inner, wj, j) => inner + wi * wj * (covariance[i]?.[j] as number), 0), 0));

  const equal = await optimize("equal_weight");
  t.same(equal.weights, [1 / 3, 1 / 3, 1 / 3]);
  t.equal(equal.observation_count, 198, "the day that one of them misses is no session of the window");
  t.ok(Math.abs(equal.expected_volatility - volatility(equal.weights)) < 1e-12, "volatility of the weighted returns, in a year, on adjusted closes where there are");

  const least = await optimize("min_variance");
  t.ok(Math.abs(least.expected_volatility - volatility(least.weights)) < 1e-12);
  t.ok(least.expected_volatility < equal.expected_volatility, "the least variance is less than that of equal weights");
  for (let step = 0; step <= 20; step++) {
    for (let other = 0; other <= 20 - step; other++) {
      const w = [step / 20, other / 20, (20 - step - other) / 20];
      if (volatility(w) < least.expected_volatility - 1e-12) t.fail(`${w} has less variance`);
    }
  }
  const bounded = await optimize("min_variance", { min_weight: 0.2, max_weight: 0.45 });
  t.ok(bounded.weights.every((w) => w >= 0.2 && w <= 0.45) && Math.abs(bounded.weights.reduce((sum, w) => sum + w, 0) - 1) < 1e-12, `within bounds: ${bounded.weights}`);
  t.ok(bounded.expected_volatility > least.expected_volatility);

  t.equal((await optimize("min_variance")).portfolio_optimization_id, least.portfolio_optimization_id, "the same result is not stored again");
  t.equal(await db.value("select count(*)::int from portfolio.portfolio_optimization"), 3);
  t.same((await db.query("select symbol from portfolio.optimized_weight where method = 'equal_weight' order by 1", [], "reader")).length, 3);

  const refused = (method: unknown, symbols: unknown, from: unknown, to: unknown, parameters: unknown = {}) =>
    db.refused("select portfolio.optimize($1, $2, $3, $4, $5, $6)", [run, method, symbols, from, to, JSON.stringify(parameters)], "worker");
  t.match(await refused("min_variance", ["TESTA", "TESTB"], "2018-01-01", "2019-01-01", { max_weight: 0.4 }), { code: "MB009" }, "bounds that do not add up to 1");
  t.match(await refused("min_variance", ["TESTA", "TESTB"], "2018-01-01", "2018-01-03"), { code: "MB007", message: /need 3 common daily returns.*there are 2/ }, "too few returns");
  t.match(await refused("min_variance", ["TESTA", "TESTB"], "2010-01-01", "2010-12-31"), { code: "MB007" }, "no returns");
  t.match(await refused("max_return", ["TESTA"], "2018-01-01", "2019-01-01"), { code: "MB001" }, "an unknown method");
  t.match(await refused("min_variance", [], "2018-01-01", "2019-01-01"), { code: "MB001" }, "no instruments");
  t.match(await refused("min_variance", ["TESTA", "TESTA"], "2018-01-01", "2019-01-01"), { code: "MB001" }, "one twice");
  t.match(await refused("min_variance", ["TESTA"], "2019-01-01", "2018-01-01"), { code: "MB001" }, "an empty window");
  t.match(await refused("min_variance", ["TESTA"], "2018-01-01", "2019-01-01", { max: 1 }), { code: "MB001" }, "an unknown parameter");
  t.match(await refused("equal_weight", ["TESTA"], "2018-01-01", "2019-01-01", { max_weight: 1 }), { code: "MB001" }, "parameters of the other method");
  t.match(await refused("min_variance", ["NOBODY"], "2018-01-01", "2019-01-01"), { code: "MB002" }, "an unknown symbol");
});
