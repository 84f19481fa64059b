import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";

type Returns = readonly (number | null)[];

const measure = (db: TestDatabase, name: string, returns: Returns, ...more: number[]) =>
  db.value<number | null>(`select portfolio.${name}($1::double precision[]${more.map((_, i) => `, $${i + 2}::double precision`).join("")})`, [returns, ...more], "reader");

const near = (test: { ok(value: unknown, message: string): unknown }, found: number | null, expected: number, digits: number, what: string) =>
  test.ok(found !== null && Math.abs(found - expected) < 0.5 * 10 ** -digits, `${what}: ${found} is ${expected} to ${digits} decimals`);

t.test("the measures agree with the figures that empyrical's tests expect", async (t) => {
  const db = await testDatabase(t);
  // empyrical/tests/test_stats.py, to 8 decimals. Its weekly_returns and monthly_returns are these nine numbers.
  const nine = [0, 1, 10, -4, 2, 3, 2, 1, -10].map((percent) => percent / 100);
  const mixed = [null, ...nine.slice(1)];
  const negative = [0, -6, -7, -1, -9, -2, -6, -8, -5].map((percent) => percent / 100);
  const positive = [1, 2, 1, 1, 1, 1, 1, 1, 1].map((percent) => percent / 100);
  near(t, await measure(db, "annualised_return", nine, 252), 1.9135925373194231, 8, "annual return, daily");
  near(t, await measure(db, "annualised_return", nine, 52), 0.24690830513998208, 8, "annual return, weekly");
  near(t, await measure(db, "annualised_return", nine, 12), 0.052242061386048144, 8, "annual return, monthly");
  near(t, await measure(db, "annualised_return", [0.01]), 11.274002099240244, 8, "annual return of one day");
  near(t, await measure(db, "annualised_volatility", mixed), 0.9136465399704637, 8, "annual volatility, daily");
  near(t, await measure(db, "annualised_volatility", nine, 52), 0.38851569394870583, 8, "annual volatility, weekly");
  near(t, await measure(db, "annualised_volatility", nine, 12), 0.18663690238892558, 8, "annual volatility, monthly");
  near(t, await measure(db, "sharpe_ratio", mixed), 1.7238613961706866, 8, "Sharpe ratio");
  near(t, await measure(db, "sharpe_ratio", positive), 52.915026221291804, 8, "Sharpe ratio of gains only");
  near(t, await measure(db, "sharpe_ratio", negative), -24.406808633910085, 8, "Sharpe ratio of losses only");
  near(t, await measure(db, "downside_deviation", mixed), 0.60448325038829653, 8, "downside risk, daily");
  near(t, await measure(db, "downside_deviation", mixed, 0.1), 1.7161730681956295, 8, "downside risk below 10 %");
  near(t, await measure(db, "downside_deviation", nine, 0, 52), 0.25888650451930134, 8, "downside risk, weekly");
  near(t, await measure(db, "downside_deviation", nine, 0.1, 12), 0.37148351242013422, 8, "downside risk, monthly below 10 %");
  near(t, await measure(db, "sortino_ratio", mixed), 2.605531251673693, 8, "Sortino ratio, daily");
  near(t, await measure(db, "sortino_ratio", negative), -13.532743075043401, 8, "Sortino ratio of losses only");
  near(t, await measure(db, "sortino_ratio", nine, 0, 52), 1.1158901056866439, 8, "Sortino ratio, weekly");
  near(t, await measure(db, "sortino_ratio", nine, 0, 12), 0.53605626741889756, 8, "Sortino ratio, monthly");
  near(t, await measure(db, "calmar_ratio", nine, 252), 19.135925373194233, 8, "Calmar ratio, daily");
  near(t, await measure(db, "calmar_ratio", nine, 52), 2.4690830513998208, 8, "Calmar ratio, weekly");
  near(t, await measure(db, "calmar_ratio", nine, 12), 0.52242061386048144, 8, "Calmar ratio, monthly");
  near(t, await measure(db, "max_drawdown", mixed), -0.1, 8, "maximum drawdown");
  near(t, await measure(db, "max_drawdown", negative), -0.36590730349873601, 8, "maximum drawdown of losses only: the first fall counts from the start");
  near(t, await measure(db, "max_drawdown", [0.1, -0.1, 0.1]), -0.1, 8, "maximum drawdown of three days");
  t.equal(await measure(db, "max_drawdown", positive), 0, "no drawdown");
  near(t, await measure(db, "cumulative_return", nine), 0.038931091700480147, 8, "cumulative return");
  near(t, await measure(db, "cumulative_return", negative), -0.36590730349873601, 8, "cumulative return of losses");
});

t.test("the measures agree with the output that PerformanceAnalytics documents", async (t) => {
  const file = shared(t, "reference/performance-analytics/managers.csv");
  const bacon = shared(t, "reference/performance-analytics/portfolio_bacon.csv");
  if (file === undefined || bacon === undefined) return;
  const db = await testDatabase(t);
  const lines = readFileSync(file, "utf8").trim().split("\n").map((line) => line.split(","));
  const column = (name: string): Returns => {
    const at = (lines[0] as string[]).indexOf(name);
    return lines.slice(1).map((line) => (line[at] === "" || line[at] === "NA" ? null : Number(line[at])));
  };

  // The output of the examples of CalmarRatio, Return.annualized, table.AnnualizedReturns, SortinoRatio, DownsideDeviation and
  // maxDrawdown (its table of drawdowns) for data(managers), as the package's own example snapshots print it.
  const names = ["HAM1", "HAM2", "HAM3", "HAM4", "HAM5", "HAM6"];
  const calmar = [0.9061697, 0.728094, 0.5225829, 0.4227315, 0.1095909, 1.742525];
  const annual = [0.1375, 0.1747, 0.1512, 0.1215, 0.0373, 0.1373];
  const volatility = [0.0888, 0.1272, 0.1265, 0.1843, 0.1584, 0.0825];
  const sharpe = [1.5491, 1.3732, 1.1955, 0.6592, 0.2356, 1.6642];
  const sortino = [0.7649, 1.222, 0.7172, 0.3234, 0.1343, 0.9102];
  const downside = [0.01454078, 0.0115736, 0.01735454, 0.03406781, 0.0304305, 0.01214476];
  const downside4 = [0.0157602, 0.01341739, 0.01891525, 0.03565192, 0.0320608, 0.01366533];
  const drawdown: Record<string, number> = { HAM4: 0.2874, HAM5: 0.3405, HAM6: 0.0788 };
  for (const [i, name] of names.entries()) {
    const returns = column(name);
    near(t, await measure(db, "calmar_ratio", returns, 12), calmar[i] as number, 6, `${name}: Calmar ratio`);
    const year = await measure(db, "annualised_return", returns, 12);
    const deviation = await measure(db, "annualised_volatility", returns, 12);
    near(t, year, annual[i] as number, 4, `${name}: annualised return`);
    near(t, deviation, volatility[i] as number, 4, `${name}: annualised volatility`);
    near(t, (year as number) / (deviation as number), sharpe[i] as number, 4, `${name}: geometric annualised Sharpe ratio`);
    near(t, await measure(db, "sortino_ratio", returns, 0, 1), sortino[i] as number, i === 1 ? 3 : 4, `${name}: Sortino ratio`);
    near(t, await measure(db, "downside_deviation", returns, 0, 1), downside[i] as number, 7, `${name}: downside deviation`);
    near(t, await measure(db, "downside_deviation", returns, 0.04 / 12, 1), downside4[i] as number, 7, `${name}: downside deviation at 4 % a year`);
    if (drawdown[name] !== undefined) near(t, await measure(db, "max_drawdown", returns), -(drawdown[name] as number), 4, `${name}: maximum drawdown`);
  }

  // Bacon, Practical Portfolio Performance Measurement and Attribution, 2008.
  const returns = readFileSync(bacon, "utf8").trim().split("\n").slice(1).map((line) => Number(line.split(",")[1]));
  near(t, await measure(db, "cumulative_return", returns), 0.218106, 6, "Bacon's portfolio: cumulative return");
  near(t, await measure(db, "downside_deviation", returns, 0.005, 1), 0.02553674, 8, "Bacon's portfolio: downside deviation");
});

t.test("what is not defined is null, and total loss is no error", async (t) => {
  const db = await testDatabase(t);
  for (const name of ["cumulative_return", "annualised_return", "annualised_volatility", "downside_deviation", "sharpe_ratio", "sortino_ratio", "max_drawdown", "calmar_ratio"]) {
    t.equal(await measure(db, name, []), null, `${name} of no returns`);
    t.equal(await measure(db, name, [null]), null, `${name} of an unknown return`);
    t.equal(await db.value(`select portfolio.${name}(null)`), null, `${name} of null`);
  }
  t.equal(await measure(db, "sharpe_ratio", [0.01, 0.01, 0.01]), null, "no Sharpe ratio without volatility");
  t.equal(await measure(db, "sortino_ratio", [0.01, 0.02]), null, "no Sortino ratio without a shortfall");
  t.equal(await measure(db, "calmar_ratio", [0.01, 0.02]), null, "no Calmar ratio without a drawdown");
  t.equal(await measure(db, "cumulative_return", [0.5, -1, 0.5]), -1, "what is lost stays lost");
  t.equal(await measure(db, "annualised_return", [0.5, -1, 0.5]), -1);
  t.equal(await measure(db, "max_drawdown", [0.5, -1, 0.5]), -1);
  t.equal(await measure(db, "annualised_return", [50]), null, "a number beyond numbers");
  t.same(
    (await db.query("select distinct metric from portfolio.metric_definition", [], "reader")).length,
    12, "every metric has its meaning",
  );
});
