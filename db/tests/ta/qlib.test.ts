import t from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { largestDifference, numbers, readColumns, type Series } from "./reference.ts";

interface Feature {
  readonly expression: string;
  /** Relative tolerance. */
  readonly tolerance: number;
  /** Values smaller than this are compared with it. */
  readonly scale?: number;
}

// pandas slides its deviations and correlations in float64, and drifts: by 4e-9 and 2e-11 here, as PostgreSQL's own two-pass shows below.
const qlib14: Record<string, Feature> = {
  ROC5: { expression: "ta.ref(c, 5)", tolerance: 1e-12 },
  ROC20: { expression: "ta.ref(c, 20)", tolerance: 1e-12 },
  MA5: { expression: "ta.rolling_mean(c, 5)", tolerance: 1e-12 },
  MA20: { expression: "ta.rolling_mean(c, 20)", tolerance: 1e-12 },
  STD5: { expression: "ta.rolling_std(c, 5)", tolerance: 1e-8 },
  STD20: { expression: "ta.rolling_std(c, 20)", tolerance: 1e-9 },
  MAX20: { expression: "ta.rolling_max(h, 20)", tolerance: 1e-12 },
  MIN20: { expression: "ta.rolling_min(l, 20)", tolerance: 1e-12 },
  CORR20: { expression: "ta.rolling_corr(c, logs(v, 1), 20)", tolerance: 1e-9, scale: 0.1 },
  VMA20: { expression: "ta.rolling_mean(v, 20)", tolerance: 1e-12 },
  VSTD20: { expression: "ta.rolling_std(v, 20)", tolerance: 1e-9 },
};

// qlib itself works in float32.
const alpha158: Record<string, Feature> = {
  BETA5: { expression: "ta.rolling_slope(c, 5)", tolerance: 1e-3, scale: 0.01 },
  BETA60: { expression: "ta.rolling_slope(c, 60)", tolerance: 1e-3, scale: 0.01 },
  RSQR5: { expression: "ta.rolling_rsquare(c, 5)", tolerance: 1e-3, scale: 1 },
  RSQR60: { expression: "ta.rolling_rsquare(c, 60)", tolerance: 1e-3, scale: 1 },
  RESI5: { expression: "ta.rolling_resi(c, 5)", tolerance: 1e-3, scale: 0.01 },
  RESI60: { expression: "ta.rolling_resi(c, 60)", tolerance: 1e-3, scale: 0.01 },
  RANK5: { expression: "ta.rolling_rank(c, 5)", tolerance: 1e-6 },
  RANK60: { expression: "ta.rolling_rank(c, 60)", tolerance: 1e-6 },
  QTLU5: { expression: "ta.rolling_quantile(c, 5, 0.8)", tolerance: 1e-6 },
  QTLD60: { expression: "ta.rolling_quantile(c, 60, 0.2)", tolerance: 1e-6 },
  IMAX5: { expression: "ta.rolling_idxmax(h, 5)", tolerance: 1e-6 },
  IMAX60: { expression: "ta.rolling_idxmax(h, 60)", tolerance: 1e-6 },
  IMIN5: { expression: "ta.rolling_idxmin(l, 5)", tolerance: 1e-6 },
  IMIN60: { expression: "ta.rolling_idxmin(l, 60)", tolerance: 1e-6 },
};

/** Divides as the feature's qlib expression does. */
const divisor = (name: string) =>
  /^(RSQR|CORR|RANK)/.test(name) ? "1" : /^(IMAX|IMIN)/.test(name) ? name.replace(/\D+/, "") : /^V/.test(name) ? "(v[i] + 1e-12)" : "c[i]";

async function bars(db: TestDatabase, file: string): Promise<Map<string, Series[]>> {
  await db.query(`create function public.logs(x float8[], plus float8) returns float8[] language sql
    return (select array_agg(ln(u.value + plus) order by u.n) from unnest(x) with ordinality as u (value, n))`);
  const columns = readColumns(file);
  const symbols = columns.get("symbol")!;
  return new Map([...new Set(symbols)].map((symbol) => [
    symbol,
    ["open", "high", "low", "close", "volume"].map((name) => numbers(columns.get(name)).filter((_, row) => symbols[row] === symbol)),
  ]));
}

for (const [set, features] of [["qlib14_f64", qlib14], ["alpha158_float32", alpha158]] as const) {
  t.test(`agrees with qlib: ${set}`, async (t) => {
    const source = shared(t, "reference/qlib/bars.csv.gz");
    const reference = shared(t, `reference/qlib/${set}.csv.gz`);
    if (source === undefined || reference === undefined) return;
    const db = await testDatabase(t);
    const expected = readColumns(reference);
    for (const [symbol, series] of await bars(db, source)) {
      if (!expected.get("symbol")!.includes(symbol)) continue;
      for (const [name, { expression, tolerance, scale }] of Object.entries(features)) {
        const actual = await db.value<Series>(
          `select array_agg(r[i] / ${divisor(name)} order by i)
           from (select $1::float8[] as o, $2::float8[] as h, $3::float8[] as l, $4::float8[] as c, $5::float8[] as v) as bars,
             lateral (select ${expression} as r) as kernel, generate_subscripts(c, 1) as i`,
          series,
        );
        const wanted = numbers(expected.get(name)).filter((_, row) => expected.get("symbol")![row] === symbol);
        const { difference, bar } = largestDifference(actual, wanted, scale);
        t.ok(difference < tolerance, `${symbol} ${name} = ${expression}: largest difference ${difference.toExponential(1)} at bar ${bar}`);
      }
    }
  });
}

t.test("deviations agree with PostgreSQL's own, window by window, where pandas has drifted", async (t) => {
  const source = shared(t, "reference/qlib/bars.csv.gz");
  if (source === undefined) return;
  const db = await testDatabase(t);
  for (const [symbol, [, , , close]] of await bars(db, source)) {
    for (const period of [5, 20, 60]) {
      const worst = await db.value<number>(
        `select max(abs(ours / theirs - 1)) from (
           select stddev_samp(x - 50) over (order by n rows $2::int - 1 preceding) as theirs, (ta.rolling_std($1, $2))[n] as ours
           from unnest($1::float8[]) with ordinality as u (x, n)
           where n <= 300
         ) as both_ways where theirs > 0`,
        [close, period],
      );
      t.ok(worst < 1e-11, `${symbol}, ${period} bars: largest difference ${worst.toExponential(1)}`);
    }
  }
});
