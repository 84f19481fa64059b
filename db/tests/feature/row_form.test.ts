import t from "tap";
import { testDatabase } from "../support/database.ts";

t.setTimeout(120_000);

interface Kernel extends Record<string, unknown> {
  readonly kernel: string;
  readonly names: string[];
  readonly types: string[];
  readonly row_form: string;
}

t.test("a kernel gives over rows what it gives on arrays", async (t) => {
  const db = await testDatabase(t);
  const kernels = await db.query<Kernel>(
    `select kernel.kernel, function.proargnames as names, array(select type::regtype::text from unnest(function.proargtypes) as type) as types, kernel.row_form
     from feature.kernel join pg_proc as function on function.oid = kernel.kernel_oid
     where kernel.row_form is not null order by kernel.kernel`,
  );
  t.ok(kernels.length >= 16, `${kernels.length} kernels have a form over rows`);

  // A walk with gaps, steps that stand still, and a partner; every third instrument's worth of oddities in one series.
  await db.query(
    `create table series as
     select bar, case when bar % 37 = 0 or bar between 90 and 101 then null when bar between 40 and 55 then 100 else 100 + 10 * sin(bar / 9.0) + sin(bar * bar) end as x,
       case when bar % 23 = 0 then null else 1000 + 300 * cos(bar / 5.0) + 50 * sin(bar * 7.0) end as y
     from generate_series(1, 300) as bar`,
  );
  for (const { kernel, names, types, row_form } of kernels) {
    for (const period of [1, 2, 5, 20, 64]) {
      const call = names.map((name, i) => (types[i] === "double precision[]" ? (name === "y" ? "y" : "x") : String(period)));
      const lookback = await db.value<number>("select feature.kernel_lookback($1, $2)::float8", [kernel, call.map((argument) => (/\d/.test(argument) ? argument : null))]);
      const overRows = await db.value<string>("select feature.row_form($1, $2, $3, $4)", [row_form, names, call, lookback]);
      const [row] = await db.query<{ bars: number; differing: number; worst: number | null }>(
        `with over_rows as (
           select bar, ${overRows} as value
           from (select series.*, bar::double precision as bar_number from series) as series
           window bars as (order by bar), frame_${lookback} as (bars rows ${lookback} preceding)
         ), on_arrays as (
           select result.bar, result.value
           from (select array_agg(x order by bar) as x, array_agg(y order by bar) as y from series) as series
           cross join lateral unnest(${kernel}(${call.join(", ")})) with ordinality as result (value, bar)
         )
         select count(*)::float8 as bars, count(*) filter (where (over_rows.value is null) <> (on_arrays.value is null))::float8 as differing,
           max(abs(over_rows.value - on_arrays.value) / greatest(1e-9, abs(on_arrays.value))) as worst
         from over_rows join on_arrays using (bar)`,
      );
      t.same([row?.bars, row?.differing], [300, 0], `${kernel}, ${period}: null at the same bars`);
      // A residual or a covariance near zero has lost the digits of the values that it is the difference of.
      t.ok((row?.worst ?? 0) < (/resi|cov|slope|beta|rsquare|corr|delta/.test(kernel) ? 1e-6 : 1e-11), `${kernel}, ${period}: the same figures, at worst ${row?.worst}`);
    }
  }
});
