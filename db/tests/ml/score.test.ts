import t from "tap";
import { testDatabase } from "../support/database.ts";

t.test("ml.score", async (t) => {
  const db = await testDatabase(t);
  const score = (actual: number[], predicted: number[], baseline: number[]) =>
    db.value<Record<string, number | null>>("select ml.score($1, $2, $3)", [actual, predicted, baseline]);

  // Spearman's rank correlation of IQ and hours of television, the worked example of Wikipedia's article: -29/165.
  const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
  const hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
  const spearman = await score(iq, hours, iq.map(() => 0));
  t.ok(Math.abs((spearman["rank_information_coefficient"] as number) + 29 / 165) < 1e-12, "Spearman's correlation of the worked example is -29/165");

  // Anscombe's first quartet (The American Statistician 27, 1973): correlation 0.81642, published to five digits.
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  const fitted = x.map((value) => 3.0000909090909 + 0.50009090909091 * value);
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  const anscombe = await score(y, fitted, y.map(() => mean));
  t.equal((anscombe["information_coefficient"] as number).toFixed(5), "0.81642", "Pearson's correlation of Anscombe's first set");
  t.equal((anscombe["r2"] as number).toFixed(5), "0.66654", "and its R squared with the fitted line against the mean, as published");
  t.equal(anscombe["rows"], 11);

  const plain = await score([0.01, -0.02, 0.03, 0], [0.02, 0.01, 0.01, 0.5], [0, 0, 0, 0]);
  t.equal(plain["hit_rate"], 2 / 3, "an actual of 0 has no sign to hit");
  t.ok(Math.abs((plain["rmse"] as number) - Math.sqrt((0.0001 + 0.0009 + 0.0004 + 0.25) / 4)) < 1e-15, "rmse");
  t.ok(Math.abs((plain["r2"] as number) - (1 - 0.2514 / 0.0014)) < 1e-9, "r2 is negative where the baseline is better");

  const flat = await score([0.01, 0.01], [0, 0], [0.01, 0.01]);
  t.match(flat, { r2: null, information_coefficient: null, rank_information_coefficient: null, hit_rate: 0 }, "what is not defined is null");
});
