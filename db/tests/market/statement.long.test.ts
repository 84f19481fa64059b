import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { bring, openRun } from "../ingest/bodies.ts";
import { shared, testDatabase } from "../support/database.ts";
import { companies } from "./fundamentals.ts";

t.test("dev", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  for (const [symbol, path] of Object.entries(companies)) {
    const file = shared(t, path);
    if (file === undefined) return;
    console.log(await bring(db, run, { provider: "sec", dataset: "fundamentals", subject: symbol, body: gunzipSync(readFileSync(file)) }));
    await db.query("analyze market.company_fundamental"); await db.query("analyze market.company_fundamental_history");
    for (const kind of ["income", "balance", "cash_flow"]) for (const period of ["annual", "quarterly", "trailing"]) {
      const begun = performance.now();
      const rows = await db.query<Record<string, string>>("select period_start::text, period_end::text, item, value::float8, basis from market.statement($1,$2,$3)", [symbol, kind, period]);
      console.log(symbol, kind, period, rows.length, new Set(rows.map((r) => r["period_end"])).size, Math.round(performance.now() - begun));
    }
    console.log((await db.query("select period_end::text, string_agg(item || '=' || value || ' ' || left(basis,9), '; ' order by position) from market.statement($1,'income','quarterly') where period_end > '2019-06-01' and item in ('revenue','net_income','eps_diluted','operating_income','shares_diluted') group by 1 order by 1", [symbol])).slice(0, 12));
    console.log("sum of quarters <> year", await db.query(`
      with q as (select * from market.statement($1, k, 'quarterly')), y as (select * from market.statement($1, k, 'annual'))
      select y.item, y.period_end::text, y.value::float8, sum(q.value)::float8 as quarters, string_agg(left(q.basis,5), ',' order by q.period_end) as b from y join q on q.item = y.item and q.period_end > y.period_start and q.period_end <= y.period_end
      where y.item not like 'shares_%' group by 1, y.period_end, y.value, y.position having count(*) = 4 and abs(y.value - sum(q.value)) > 0.005 * abs(y.value) order by 2,1`.replaceAll("k,", "'income',"), [symbol]));
    console.log("cf", await db.query(`
      with q as (select * from market.statement($1, k, 'quarterly')), y as (select * from market.statement($1, k, 'annual'))
      select y.item, y.period_end::text, y.value::float8, sum(q.value)::float8 as quarters, string_agg(left(q.basis,5), ',' order by q.period_end) as b from y join q on q.item = y.item and q.period_end > y.period_start and q.period_end <= y.period_end
      where y.item not like 'shares_%' group by 1, y.period_end, y.value, y.position having count(*) = 4 and abs(y.value - sum(q.value)) > 0.005 * abs(y.value) order by 2,1`.replaceAll("k,", "'cash_flow',"), [symbol]));
    console.log("balance", await db.query(`select period_end::text, sum(value) filter (where item='total_assets')::float8 a, sum(value) filter (where item='total_liabilities')::float8 l, sum(value) filter (where item='equity')::float8 e, sum(value) filter (where item='temporary_equity')::float8 te, sum(value) filter (where item='liabilities_and_equity')::float8 le
       from market.statement($1,'balance','quarterly') group by 1 having sum(value) filter (where item='total_assets') is distinct from sum(value) filter (where item in ('total_liabilities','equity','temporary_equity')) order by 1`, [symbol]));
    console.log(await db.query("select item, count(*)::int, min(period_end)::text, max(period_end)::text from market.statement($1,'balance','annual') group by item, position order by position", [symbol]));
    console.log(await db.query("select item, count(*)::int, min(period_end)::text, max(period_end)::text from market.statement($1,'cash_flow','annual') group by item, position order by position", [symbol]));
    console.log(await db.query("select item, count(*)::int, min(period_end)::text, max(period_end)::text from market.statement($1,'income','annual') group by item, position order by position", [symbol]));
  }
});
