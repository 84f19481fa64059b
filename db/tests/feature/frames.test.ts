import t from "tap";
import { testDatabase } from "../support/database.ts";

t.setTimeout(120_000);

/** Calls over a frame, and how far the results of two ways of adding up may lie apart, relative to the size of the numbers. */
const calls: Readonly<Record<string, number>> = {
  "count(x)": 0,
  "max(x)": 0,
  "min(x)": 0,
  "max(case when x is not null then array[x, - bar_number] end)": 0,
  "sum(x)": 1e-12,
  "avg(x)": 1e-13,
  "stddev_samp(x)": 1e-11,
  "var_pop(x)": 1e-11,
  "corr(x, y)": 1e-9,
  "covar_samp(x, y)": 1e-9,
  "regr_slope(y, bar_number)": 1e-9,
  "regr_avgx(x, y)": 1e-13,
  // Has no partial form: it is added up, however long the frame.
  "bool_and(x > 99)": 0,
};

t.test("a long frame that is put together from short ones gives what adding it up gives", async (t) => {
  const db = await testDatabase(t);
  const wrong = await db.query<{ bars: number }>(
    `select bars from generate_series(1, 600) as bars left join lateral feature.frame_parts(bars) as part on true
     where case when bars <= 8 then part.newer is not null else part.newer + part.older is distinct from bars or part.older not between 1 and part.newer end`,
  );
  t.same(wrong, [], "two parts, the newer at least as long as the older, from nine bars on");
  const again = await db.value<number>(
    `with recursive made (bars) as (
       select 60 union select part.bars from made cross join lateral feature.frame_parts(made.bars) as split cross join lateral unnest(array[split.newer, split.older]) as part (bars)
     ) select array_agg(bars order by bars) from made`,
  );
  t.same(again, [5, 10, 20, 30, 60], "the frames of Alpha158 are made from each other");

  await db.query(
    `create table series as
     select bar / 400 as span, now() + bar * interval '1 day' as ts, bar::double precision as bar_number,
       case when bar % 37 = 0 or bar between 90 and 172 then null else 100 + 10 * sin(bar / 9.0) + sin(bar * bar) end as x,
       case when bar % 23 = 0 then null else 1000 + 300 * cos(bar / 5.0) + 50 * sin(bar * 7.0) end as y
     from generate_series(1, 799) as bar`,
  );
  const lengths = [1, 8, 9, 11, 20, 25, 45, 63, 252];
  const aliases = lengths.flatMap((bars) => Object.keys(calls).map((call, i) => ({ call, bars, alias: `w_${i}_${bars}` })));
  const windows = Object.fromEntries(aliases.map(({ call, bars, alias }, position) => [`${call} over frame_${bars - 1}`, { alias, level: 1, position }]));
  const [framed] = await db.query<{ stages: string[]; stage: string }>(`select stages, stage from feature.compile_frames($1, 1, 'series', '{"aliases": {}, "frames": {}}')`, [JSON.stringify(windows)]);
  const compiled = `with ${framed?.stages.join(",\n") ?? ""} select * from ${framed?.stage}`;
  const direct = `select series.*, ${aliases.map(({ call, bars, alias }) => `${call} over frame_${bars} as ${alias}`).join(", ")} from series
    window bars as (partition by span order by ts), ${lengths.map((bars) => `frame_${bars} as (bars rows ${bars - 1} preceding)`).join(", ")}`;
  t.notMatch(framed?.stages.slice(0, -1).join("\n") ?? "", /rows (9|\d{2,}) preceding/, "no long frame is added up where there is another way");
  await db.query(`create table compiled as ${compiled}`);
  await db.query(`create table direct as ${direct}`);
  for (const { call, bars, alias } of aliases) {
    const tolerance = calls[call] as number;
    const differs =
      tolerance === 0
        ? `compiled.${alias} is distinct from direct.${alias}`
        : `(compiled.${alias} is null) <> (direct.${alias} is null) or abs(compiled.${alias} - direct.${alias}) > ${tolerance} * greatest(1, abs(direct.${alias}))`;
    t.equal(await db.value(`select count(*)::int from compiled join direct using (ts) where ${differs}`), 0, `${call}, ${bars} bars`);
  }
});
