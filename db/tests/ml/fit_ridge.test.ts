import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { normals } from "./fixture.ts";
import { predictBy, ridgeByQr } from "./reference.ts";

interface Fit {
  row_count: string;
  feature_means: number[];
  feature_scales: number[];
  coefficients: number[];
  intercept: number;
}

const asRows = `
  array(
    select row (1, null, null, 1,
      array(select value::double precision from jsonb_array_elements_text(element -> 'features') with ordinality as f (value, position) order by position),
      (element ->> 'label')::double precision, null, null)::ml.training_row
    from jsonb_array_elements($1) with ordinality as list (element, position) order by position
  )`;

async function fit(db: TestDatabase, features: readonly (readonly number[])[], labels: readonly number[], lambda: number): Promise<Fit> {
  const list = features.map((row, i) => ({ features: row, label: labels[i] }));
  const [found] = await db.query<Fit & Record<string, unknown>>(`select (ml.fit_ridge(${asRows}, $2)).*`, [JSON.stringify(list), lambda]);
  return found as Fit;
}

// Longley's data (Journal of the American Statistical Association 62, 1967), as in the Statistical Reference Datasets of NIST:
// employment; deflator, gross national product, unemployed, armed forces, population, year.
const longley = [
  [60323, 83.0, 234289, 2356, 1590, 107608, 1947], [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
  [60171, 88.2, 258054, 3682, 1616, 109773, 1949], [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
  [63221, 96.2, 328975, 2099, 3099, 112075, 1951], [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
  [64989, 99.0, 365385, 1870, 3547, 115094, 1953], [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
  [66019, 101.2, 397469, 2904, 3048, 117388, 1955], [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
  [68169, 108.4, 442769, 2936, 2798, 120445, 1957], [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
  [68655, 112.6, 482704, 3813, 2552, 123366, 1959], [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
  [69331, 115.7, 518173, 4806, 2572, 127852, 1961], [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
];
/** Certified by NIST, https://www.itl.nist.gov/div898/strd/lls/data/LINKS/DATA/Longley.dat: intercept first. */
const certified = [-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359, -0.0511041056535807, 1829.15146461355];

t.test("without a penalty it finds the coefficients of Longley's data that NIST certifies", async (t) => {
  const db = await testDatabase(t);
  const found = await fit(db, longley.map((row) => row.slice(1)), longley.map((row) => row[0] as number), 0);
  t.equal(found.row_count, "16");
  const slopes = found.coefficients.map((coefficient, j) => coefficient / (found.feature_scales[j] as number));
  const intercept = found.intercept - slopes.reduce((sum, slope, j) => sum + slope * (found.feature_means[j] as number), 0);
  [intercept, ...slopes].forEach((value, i) => {
    const expected = certified[i] as number;
    t.ok(Math.abs(value / expected - 1) < 1e-9, `coefficient ${i}: ${value} agrees with ${expected} to nine digits`);
  });
});

t.test("with a penalty it agrees with a QR decomposition to 1e-9", async (t) => {
  const db = await testDatabase(t);
  const normal = normals(7);
  const features = Array.from({ length: 300 }, () => {
    const common = normal();
    return [common + 0.01 * normal(), common + 0.01 * normal(), 1e6 + normal(), 1e-4 * normal(), normal()];
  });
  const labels = features.map((row) => 0.3 * (row[0] as number) - 0.2 * (row[4] as number) + normal());
  for (const lambda of [0, 1e-3, 1, 50, 1e4]) {
    const found = await fit(db, features, labels, lambda);
    const expected = ridgeByQr(features, labels, lambda);
    const worst = Math.max(
      Math.abs(found.intercept - expected.intercept),
      ...found.coefficients.map((value, j) => Math.abs(value - (expected.coefficients[j] as number))),
      ...found.feature_means.map((value, j) => Math.abs(value / (expected.means[j] as number) - 1)),
      ...found.feature_scales.map((value, j) => Math.abs(value / (expected.scales[j] as number) - 1)),
    );
    t.ok(worst < 1e-9, `lambda ${lambda}: the largest difference is ${worst}`);

    const predicted = await db.value<number>(
      "select ml.apply_fit(row (0, $1::double precision[], $2::double precision[], $3::double precision[], $4::double precision)::ml.ridge_fit, $5)",
      [found.feature_means, found.feature_scales, found.coefficients, found.intercept, features[17]],
    );
    t.ok(Math.abs(predicted - predictBy(expected, features[17] as number[])) < 1e-9, `lambda ${lambda}: and so does a prediction`);
  }

  const again = await fit(db, features, labels, 1);
  t.same(again, await fit(db, features, labels, 1), "the same rows give the same bits");
});

t.test("features that do not vary, dependent features and too little data", async (t) => {
  const db = await testDatabase(t);
  const found = await fit(db, [[1, 0.1], [2, 0.1], [3, 0.1], [4, 0.1]], [1, 2, 3, 4], 0);
  t.equal(found.coefficients[1], 0, "a feature that does not vary has coefficient 0");
  t.equal(found.feature_scales[1], 1, "and scale 1");
  t.ok(Math.abs((found.coefficients[0] as number) - Math.sqrt(1.25)) < 1e-15, "the other one is not disturbed by it");

  const dependent = "select ml.fit_ridge(array(select row (1, null, null, 1, array[x, 2 * x], x, null, null)::ml.training_row from generate_series(1, 5) as x), $1)";
  t.match(await db.refused(dependent, [0]), { code: "MB009", message: /singular/ }, "dependent features have no solution without a penalty");
  const shared = await db.value<Fit>(dependent.replace("ml.fit_ridge", "to_jsonb(ml.fit_ridge").replace("$1)", "$1))"), [1]);
  t.ok(Math.abs((shared.coefficients[0] as number) - (shared.coefficients[1] as number)) < 1e-12, "with one they share the effect");

  t.match(await db.refused(dependent, [-1]), { code: "MB001" }, "a negative penalty");
  t.match(await db.refused(dependent, ["NaN"]), { code: "MB001" }, "a penalty that is no number");
  t.match(await db.refused("select ml.fit_ridge('{}', 1)"), { code: "MB007" }, "no rows");
  t.equal(await db.value("select ml.apply_fit(row (0, array[0, 0], array[1, 1], array[1, 1], 1)::ml.ridge_fit, array[1, null]::double precision[])"), null, "no prediction without a feature");
  t.equal(await db.value("select ml.apply_fit(row (0, array[0, 0], array[1, 1], array[1, 1], 1)::ml.ridge_fit, array[1]::double precision[])"), null, "nor with too few");
});
