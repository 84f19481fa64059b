import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";

// A million bars at a price of 100,000 with moves of cents, and jumps that a drifting sum would not survive. Each window is compared with one computed from its own bars.
const series = `
  select array_agg(100000 + round((sin(bar / 1000.0) + random())::numeric, 2)::float8 + case when bar % 250000 = 0 then 1e7 else 0 end order by bar) as s,
    array_agg(round(1e6 * random()) order by bar) as v
  from generate_series(1, $1) as bar`;

async function million(db: TestDatabase, bars: number): Promise<void> {
  const client = await db.owner.connect();
  await client.query("select setseed(0.5)");
  await client.query(`create table public.bars as ${series.replace("$1", String(bars))}`);
  client.release();
}

t.test("a million bars do not drift", { timeout: 600_000 }, async (t) => {
  const db = await testDatabase(t);
  await million(db, 1_000_000);
  for (const [kernel, inWindow] of [
    ["ta.sma(s, 20)", "avg(x - 100000) + 100000"],
    ["ta.wma(s, 20)", "sum((x - 100000) * j) / 210 + 100000"],
    ["ta.linearreg_slope(s, 20)", "regr_slope(x - 100000, j)"],
    ["ta.stddev(s, 20)", "stddev_pop(x - 100000)"],
    ["ta.rolling_std(s, 20)", "stddev_samp(x - 100000)"],
    ["ta.correl(s, v, 20)", "corr(x - 100000, w)"],
    ["ta.rolling_max(s, 20)", "max(x)"],
  ] as const) {
    // The window that ends at each 997th bar.
    const worst = await db.value<number>(`
      select max(abs(ours - theirs) / greatest(abs(theirs), 1e-3))
      from (
        select max(r) filter (where bar % 997 = 0) as ours, ${inWindow} as theirs
        from (
          select bar, x, w, r, (bar + 19) % 997 + 1 as j
          from public.bars, unnest(s, v, ${kernel}) with ordinality as u (x, w, r, bar)
          where bar > 19
        ) as bars
        where j <= 20
        group by (bar + 19) / 997
        having count(*) = 20
      ) as both_ways`);
    t.ok(worst < 1e-9, `${kernel}: largest relative difference ${worst.toExponential(1)}`);
  }
});

t.test("time grows with the bars and not with the period", { timeout: 600_000 }, async (t) => {
  const db = await testDatabase(t);
  await million(db, 100_000);
  const seconds = async (expression: string, bars: number) => {
    let best = Infinity;
    for (let attempt = 0; attempt < 3; attempt++) {
      const began = performance.now();
      await db.query(`select cardinality(${expression}) from (select s[:${bars}] as s, v[:${bars}] as v from public.bars) as given`);
      best = Math.min(best, performance.now() - began);
    }
    return best / 1000;
  };
  // Falling and rising prices are the worst case of a queue of extremes.
  await db.query("create table public.slope as select array_agg(i::float8 order by i) as up, array_agg(-i::float8 order by i) as down from generate_series(1, 100000) as i");
  for (const kernel of ["sma", "wma", "ema", "rsi", "stddev", "rolling_std", "rolling_max", "rolling_min", "rolling_idxmax", "rolling_med", "rolling_rank", "rolling_slope", "linearreg", "kama", "midpoint", "trix"]) {
    const [half, whole, middle, long] = [
      await seconds(`ta.${kernel}(s, 20)`, 50_000), await seconds(`ta.${kernel}(s, 20)`, 100_000),
      await seconds(`ta.${kernel}(s, 1000)`, 100_000), await seconds(`ta.${kernel}(s, 20000)`, 100_000),
    ];
    t.ok(whole < 4 * half + 0.05, `ta.${kernel}: ${half.toFixed(2)} s for 50,000 bars, ${whole.toFixed(2)} s for 100,000`);
    // Short windows have cheaper ways; what counts is that long ones do not cost ever more. Ranks and quantiles count bits, 64 at a time.
    t.ok(long < (/rank|med|quantile/.test(kernel) ? 10 : 4) * Math.max(whole, middle) + 0.05, `ta.${kernel}: ${middle.toFixed(2)} s with a period of 1,000, ${long.toFixed(2)} s with one of 20,000`);
  }
  for (const column of ["up", "down"]) {
    const began = performance.now();
    await db.query(`select cardinality(ta.rolling_max(${column}, 50000)), cardinality(ta.rolling_min(${column}, 50000)) from public.slope`);
    t.ok(performance.now() - began < 5_000, `extremes of prices that only go ${column}: ${Math.round(performance.now() - began)} ms`);
  }
  const began = performance.now();
  await db.query("select cardinality(ta.cci(s, s, s, 20000)) from public.bars");
  t.ok(performance.now() - began < 30_000, `cci of 20,000 bars: ${Math.round(performance.now() - began)} ms`);
});
