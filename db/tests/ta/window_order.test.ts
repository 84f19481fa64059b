import t from "tap";
import { testDatabase } from "../support/database.ts";

// Equal values, holes, infinity and both zeros; 64 and 32 bars are where other methods begin.
const periods = [1, 5, 16, 17, 32, 33, 60, 64, 65];

t.test("ranks and quantiles asked for together are those of each window", async (t) => {
  const db = await testDatabase(t);
  await db.query(
    `create table series as
     select bar, case when bar % 29 = 0 then null when bar % 31 = 0 then 'infinity' when bar between 50 and 75 then 7
       when bar % 17 = 0 then 0 when bar % 13 = 0 then '-0' else round((20 * sin(bar * bar))::numeric, 1) end::float8 as x
     from generate_series(1, 200) as bar`,
  );
  const requests = periods.flatMap((period) => [[period, null], [period, 0.8], [period, 0.2], [period, 1]] as const);
  const differing = await db.query(
    `with asked as (
       select * from unnest($1::integer[], $2::float8[]) with ordinality as asked (period, quantile, number)
     ), given as (
       select value, 1 + (position - 1) / 200 as number, 1 + (position - 1) % 200 as bar
       from unnest(ta.window_order('trial', (select array_agg(x order by bar) from series), $1, $2)) with ordinality as given (value, position)
     ), expected as (
       select asked.number, asked.period, asked.quantile, newest.bar,
         case when asked.quantile is not null then percentile_cont(asked.quantile) within group (order by held.x)
           when abs(newest.x) < 'infinity' then (count(*) filter (where held.x < newest.x) + count(*) filter (where held.x <= newest.x) + 1) / (2.0 * count(*))
         end as value
       from asked
       cross join series as newest
       left join series as held on held.bar between newest.bar - asked.period + 1 and newest.bar and abs(held.x) < 'infinity'
       group by asked.number, asked.period, asked.quantile, newest.bar, newest.x
     )
     select expected.period, expected.quantile, expected.bar, expected.value as expected, given.value as given
     from expected left join given using (number, bar)
     where (given.value is null) <> (expected.value is null) or abs(given.value - expected.value) > 1e-13`,
    [requests.map(([period]) => period), requests.map(([, quantile]) => quantile)],
  );
  t.same(differing, []);
  t.equal(await db.value("select cardinality(ta.window_order('trial', array_fill(1::float8, array[200]), $1, $2))", [[5, 65], [null, 0.5]]), 400);
});

t.test("a kernel alone gives bit for bit what it gives in company, whatever lies before its window", async (t) => {
  const db = await testDatabase(t);
  for (const period of periods) {
    const [row] = await db.query<Record<string, boolean>>(
      `with series as (
         select array_agg(100 + round((10 * sin(bar * bar))::numeric, 2)::float8 order by bar) as x from generate_series(1, 150) as bar
       ), together as (
         select x, ta.window_order('trial', x, array[$1, $1, $1, 7], array[null, 0.8, 0.2, null]) as y from series
       )
       select y[1:150] = ta.rolling_rank(x, $1) as rank, y[151:300] = ta.rolling_quantile(x, $1, 0.8) as high, y[301:450] = ta.rolling_quantile(x, $1, 0.2) as low,
         y[451:600] = ta.rolling_rank(x, 7) as other,
         (ta.rolling_quantile(x, $1, 0.2))[150] = (ta.rolling_quantile(x[151 - $1:], $1, 0.2))[$1] as alone
       from together`,
      [period],
    );
    t.same(row, { rank: true, high: true, low: true, other: true, alone: true }, `${period} bars`);
  }
});

t.test("bad arguments", async (t) => {
  const db = await testDatabase(t);
  t.match(await db.refused("select ta.window_order('trial', array[1, 2], array[5, 0], array[0.5, 0.5])"), { code: "MB001", message: /ta\.trial: period must be/ });
  t.match(await db.refused("select ta.rolling_med(array[[1, 2]]::float8[], 3)"), { code: "MB001" });
});
