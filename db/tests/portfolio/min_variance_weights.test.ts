import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";

const solve = (db: TestDatabase, covariance: number[][], lower: number[], upper: number[]) =>
  db.value<number[]>("select portfolio.min_variance_weights($1::double precision[], $2, $3)", [covariance, lower, upper], "analyst");
const fill = (value: number, n: number) => Array<number>(n).fill(value);
const times = (matrix: number[][], vector: number[]) => matrix.map((row) => row.reduce((sum, value, j) => sum + value * (vector[j] as number), 0));
const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);

/** How far weights are from the conditions of Karush, Kuhn and Tucker, relative to the variance. */
function violation(covariance: number[][], w: number[], lower: number[], upper: number[]): number {
  const gradient = times(covariance, w);
  const inside = w.map((_, i) => i).filter((i) => (w[i] as number) > (lower[i] as number) + 1e-9 && (w[i] as number) < (upper[i] as number) - 1e-9);
  const lambda = inside.reduce((sum, i) => sum + (gradient[i] as number), 0) / inside.length;
  return Math.max(
    Math.abs(w.reduce((sum, value) => sum + value, 0) - 1),
    ...w.map((value, i) => Math.max((lower[i] as number) - value, value - (upper[i] as number))),
    ...w.map((value, i) => {
      const slope = ((gradient[i] as number) - lambda) / lambda;
      return inside.includes(i) ? Math.abs(slope) : value <= (lower[i] as number) + 1e-9 ? -slope : slope;
    }),
  );
}

/** pandas' DataFrame.pct_change().cov(): pairwise over the days on which both have returns. */
function covarianceOf(prices: (number | null)[][]): number[][] {
  const width = prices[0]?.length ?? 0;
  const returns = prices.slice(1).map((row, i) => row.map((price, j) => (price === null || prices[i]?.[j] == null ? null : price / (prices[i]?.[j] as number) - 1)));
  return Array.from({ length: width }, (_, a) => Array.from({ length: width }, (_, b) => {
    const pairs = returns.filter((row) => row[a] !== null && row[b] !== null).map((row) => [row[a] as number, row[b] as number] as const);
    const ma = pairs.reduce((sum, [x]) => sum + x, 0) / pairs.length;
    const mb = pairs.reduce((sum, [, y]) => sum + y, 0) / pairs.length;
    return (252 * pairs.reduce((sum, [x, y]) => sum + (x - ma) * (y - mb), 0)) / (pairs.length - 1);
  }));
}

t.test("the weights of PyPortfolioOpt's stocks have the volatility and return that its tests expect", async (t) => {
  const file = shared(t, "reference/pyportfolioopt/stock_prices.csv.gz");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const prices = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n").slice(1).map((line) => line.split(",").slice(1).map((cell) => (cell === "" ? null : Number(cell))));
  const covariance = covarianceOf(prices);
  const n = covariance.length;
  const w = await solve(db, covariance, fill(0, n), fill(1, n));
  t.ok(violation(covariance, w, fill(0, n), fill(1, n)) < 1e-8, "the conditions of optimality hold to 1e-8");

  // tests/test_cla.py and tests/test_efficient_frontier.py: (0.15056821…, 0.15915084514118688, …) by the critical line algorithm and by cvxpy.
  const volatility = Math.sqrt(dot(w, times(covariance, w)));
  t.ok(Math.abs(volatility - 0.15915084514118688) < 1e-12, `volatility ${volatility} is that of PyPortfolioOpt`);
  const growth = prices[0]?.map((_, j) => {
    const series = prices.map((row) => row[j]).filter((price): price is number => price != null);
    return ((series.at(-1) as number) / (series[0] as number)) ** (252 / (series.length - 1)) - 1;
  }) as number[];
  t.ok(Math.abs(dot(w, growth) - 0.1505682139948257) < 1e-9, `expected return ${dot(w, growth)} is that of PyPortfolioOpt, so the weights are`);

  for (const [low, high] of [[0.03, 0.13], [0, 0.1], [0.02, 0.2]] as const) {
    const bounded = await solve(db, covariance, fill(low, n), fill(high, n));
    t.ok(violation(covariance, bounded, fill(low, n), fill(high, n)) < 1e-8, `optimal within [${low}, ${high}]`);
  }
  const lower = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0.01 : 0.02));
  const upper = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0.13 : 0.11));
  t.ok(violation(covariance, await solve(db, covariance, lower, upper), lower, upper) < 1e-8, "and within bounds of each instrument");
});

t.test("94 instruments", async (t) => {
  const file = shared(t, "reference/pyportfolioopt/cov_matrix.csv.gz");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const covariance = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n").slice(1).map((line) => line.split(",").slice(1).map(Number));
  const n = covariance.length;
  const w = await solve(db, covariance, fill(0, n), fill(1, n));
  t.ok(violation(covariance, w, fill(0, n), fill(1, n)) < 1e-8, `optimal: volatility ${Math.sqrt(dot(w, times(covariance, w)))}`);
});

t.test("small cases by hand, and what cannot be", async (t) => {
  const db = await testDatabase(t);
  const near = (found: number[], expected: number[], what: string) =>
    t.ok(found.length === expected.length && found.every((value, i) => Math.abs(value - (expected[i] as number)) < 1e-12), `${what}: ${found}`);
  near(await solve(db, [[0.04, 0], [0, 0.01]], [0, 0], [1, 1]), [0.2, 0.8], "uncorrelated: in proportion to 1 / variance");
  near(await solve(db, [[0.04, 0.018], [0.018, 0.01]], [0, 0], [1, 1]), [0, 1], "the riskier one of a close pair is left out");
  near(await solve(db, [[0.04, 0], [0, 0.01]], [0.5, 0], [1, 1]), [0.5, 0.5], "a lower bound holds");
  near(await solve(db, [[0.04, 0], [0, 0.01]], [0, 0], [1, 0.6]), [0.4, 0.6], "an upper bound holds");
  near(await solve(db, [[1]], [0], [1]), [1], "one instrument");
  near(await solve(db, [[0.04, 0], [0, 0.01]], [0.5, 0.5], [1, 1]), [0.5, 0.5], "lower bounds that add up to 1");
  near(await solve(db, [[0.04, 0], [0, 0.01]], [0, 0], [0.7, 0.3]), [0.7, 0.3], "upper bounds that add up to 1");
  near(await solve(db, [[0.04, 0, 0], [0, 0.01, 0], [0, 0, 0.02]], [0.3, 0, 0], [0.3, 1, 1]), [0.3, 0.7 * 2 / 3, 0.7 / 3], "a weight that is fixed");

  const refused = (covariance: unknown, lower: unknown, upper: unknown) =>
    db.refused("select portfolio.min_variance_weights($1::double precision[], $2, $3)", [covariance, lower, upper]);
  t.match(await refused([[1, 0], [0, 1]], [0, 0], [0.4, 0.4]), { code: "MB009", message: /upper ones to 0\.8$/ }, "upper bounds too low");
  t.match(await refused([[1, 0], [0, 1]], [0.6, 0.6], [1, 1]), { code: "MB009" }, "lower bounds too high");
  t.match(await refused([[1, 1], [1, 1]], [0, 0], [1, 1]), { code: "MB009" }, "a singular matrix");
  t.match(await refused([[1, 0], [0, 1]], [-0.1, 0], [1, 1]), { code: "MB001" }, "a short bound");
  t.match(await refused([[1, 0], [0, 1]], [0, null], [1, 1]), { code: "MB001" }, "a bound that is missing");
  t.match(await refused([[1, 0]], [0, 0], [1, 1]), { code: "MB001" }, "a matrix that is not square");
  t.match(await db.refused("select portfolio.min_variance_weights(null, null, null)"), { code: "MB001" }, "nothing");
});
