import type pg from "pg";
import { createPool, one, value } from "../database/pool.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";

/** Something that both forms do: ours and what one would write by hand. Each query gives a count and a sum, so that every row is made and both can be compared. */
interface Task {
  readonly what: string;
  /** Rows for which the time counts. */
  readonly rows: number;
  readonly ours: string;
  readonly byHand: string;
  readonly method: string;
}

/**
 * The time functions on daily and minute bars from a seed, in turns with SQL by hand, one backend. By hand there are no versions: what was known when, partial
 * candles and the neighbours of a gap are left out there, and the calendar is read from `market.session_dates` and `market.session_hours` as ours does.
 */
async function run({ database, progress, scale, rounds }: BenchmarkContext): Promise<BenchmarkResult> {
  const days = Math.max(20, Math.round(2_500 * scale));
  const minuteDays = Math.max(5, Math.round(250 * scale));
  const times = Math.max(1_000, Math.round(200_000 * scale));
  const pool = createPool(database.urlFor("migrator"), { name: "marketbase bench", max: 1 });
  try {
    const { bars, minutes } = await progress.run("generate bars", () => prepare(pool, days, minuteDays, times), (made) => `${made.bars + made.minutes} bars`);
    await pool.query("set max_parallel_workers_per_gather to 0");
    const tasks: Task[] = [
      {
        what: "as-of join, latest bar before a time", rows: times, method: "left join lateral … order by ts desc limit 1",
        ours: `select count(match_ts), sum(value) from bench_arrays, market.as_of_join(times, series, closes)`,
        byHand: `select count(bar.ts), sum(bar.close) from bench_time
                 left join lateral (
                   select ts, close from market.price_data
                   where instrument_id = bench_time.instrument_id and bar_interval = '1d' and ts <= moment order by ts desc limit 1
                 ) as bar on true`,
      },
      {
        what: "gap fill, last close carried forward", rows: bars, method: "sessions left join bars, close found through a running count",
        ours: `select count(*), sum(close) from market.gap_fill('BENCH', p_method => 'locf')`,
        byHand: `select count(*), sum(close) from (
                   select coalesce(close, first_value(close) over (partition by run order by day)) as close
                   from (
                     select day, bar.close, count(bar.close) over (order by day) as run
                     from (select min(session_date) as first, max(session_date) as last from market.price_data where instrument_id = $1 and bar_interval = '1d') as span
                     cross join lateral market.session_dates('XNYS', span.first, span.last) as day
                     left join market.price_data as bar on bar.instrument_id = $1 and bar.bar_interval = '1d' and bar.session_date = day
                   ) as counted
                 ) as filled`,
      },
      {
        what: "candles of 30 minutes from minutes", rows: minutes, method: "date_bin from 14:30 UTC, group by",
        ours: `select count(*), sum(close) from market.candles('BENCH', '30m', p_source_interval => '1m')`,
        byHand: `select count(*), sum(close) from (
                   select date_bin('30 minutes', ts, '2020-01-01 14:30Z') as bin, (array_agg(open order by ts))[1] as open, max(high) as high, min(low) as low,
                     (array_agg(close order by ts desc))[1] as close, sum(volume) as volume
                   from market.price_data where instrument_id = $1 and bar_interval = '1m' group by bin
                 ) as candle`,
      },
      {
        what: "weeks from days", rows: bars, method: "date_bin from a Monday, group by",
        ours: `select count(*), sum(close) from market.candles('BENCH', '1w', p_source_interval => '1d')`,
        byHand: `select count(*), sum(close) from (
                   select date_bin('7 days', ts, '2001-01-01Z') as bin, (array_agg(open order by ts))[1] as open, max(high) as high, min(low) as low,
                     (array_agg(close order by ts desc))[1] as close, sum(volume) as volume
                   from market.price_data where instrument_id = $1 and bar_interval = '1d' group by bin
                 ) as candle`,
      },
    ];
    const id = await value<string>(pool, "select market.instrument_id('BENCH')::text");
    const rows: Row[] = [];
    const raw: Row[] = [];
    for (const task of tasks) {
      const forms = { marketbase: task.ours, "by hand": task.byHand };
      const answers = await Promise.all(Object.values(forms).map((sql) => answer(pool, sql, id)));
      if (answers[0] !== answers[1]) throw new Error(`${task.what}: marketbase gives ${answers[0]}, SQL by hand ${answers[1]}`);
      const seconds: Record<string, number[]> = { marketbase: [], "by hand": [] };
      await progress.run(task.what, async (step) => {
        step.total(rounds);
        for (let round = 1; round <= rounds; round++) {
          for (const [form, sql] of Object.entries(forms)) {
            const begun = performance.now();
            await answer(pool, sql, id);
            const took = (performance.now() - begun) / 1_000;
            seconds[form]?.push(took);
            raw.push({ what: task.what, form, round, seconds: Number(took.toFixed(6)) });
          }
          step.advance(1);
        }
      }, () => `${task.rows} rows`);
      const perRow = (form: string) => (median(seconds[form] ?? []) / task.rows) * 1e6;
      rows.push({
        what: task.what, rows: task.rows, "µs a row": Number(perRow("marketbase").toFixed(2)), "by hand": Number(perRow("by hand").toFixed(2)),
        "times by hand": Number((perRow("marketbase") / perRow("by hand")).toFixed(2)), how: task.method,
      });
    }
    return {
      rows, raw,
      notes: ["Per row that is asked for (joins), that should be there (gap fill) or that is read (candles). SQL by hand knows neither versions nor partial candles, and its half-hours are right in winter only."],
    };
  } finally {
    await pool.end();
  }
}

/** Count and sum of a query, as text; sums are rounded, since rows may be added in another order. */
async function answer(pool: pg.Pool, sql: string, id: string): Promise<string> {
  const found = await one<{ count: string; sum: number }>(pool, sql, sql.includes("$1") ? [id] : []);
  return `${found.count} rows with a sum of ${found.sum.toPrecision(10)}`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** One instrument: days of which every twentieth is missing, and the minutes of winter sessions, so that a fixed bin meets the opening bell. */
async function prepare(pool: pg.Pool, days: number, minuteDays: number, times: number): Promise<{ bars: number; minutes: number }> {
  const runId = await value<string>(pool, "select pipeline.start_run('bench', 'bench')");
  await pool.query("insert into ingest.provider (provider, title, priority, terms) values ('bench', 'Benchmark', 999, 'None.')");
  const bodyId = await value<string>(
    pool,
    `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id)
     values ('bench', 'bars', 'bench', 'file:bench', 'READ', 200, '', 0, encode(sha256(''), 'hex'), now(), $1) returning raw_response_id`,
    [runId],
  );
  const id = await value<string>(pool, "insert into market.instrument (symbol, mic) values ('BENCH', 'XNYS') returning instrument_id");
  await pool.query("select setseed(0.5)");
  await pool.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, '1d', day::timestamp at time zone 'UTC', day, price, price + 1, price - 1, price + random() - 0.5, 1000, day + interval '1 day', 'bench', $2, $3
     from (
       select day, row_number() over (order by day) as n, 100 + random() as price
       from market.session_dates('XNYS', '2010-01-04', '2023-12-29') as day
     ) as session
     where n <= $4 and (n % 20 > 0 or n = $4)`,
    [id, bodyId, runId, days],
  );
  const { rowCount } = await pool.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, '1m', minute, session_date, price, price + 1, price - 1, price + random() - 0.5, 10, minute + interval '1 minute', 'bench', $2, $3
     from (
       select hours.*, row_number() over (order by session_date) as n
       from market.session_hours('XNYS', '2010-01-04', '2023-12-29') as hours
       where extract(month from session_date) in (12, 1, 2) and not is_half_day
     ) as session
     cross join lateral generate_series(open_at, close_at - interval '1 minute', interval '1 minute') as minute
     cross join lateral (select 100 + random() as price where minute is not null) as drawn
     where n <= $4`,
    [id, bodyId, runId, minuteDays],
  );
  await pool.query(
    `create temporary table bench_time as
     select $1::bigint as instrument_id, '2010-01-05 21:00Z'::timestamptz + random() * (select max(ts) - min(ts) from market.price_data where bar_interval = '1d') as moment
     from generate_series(1, $2)`,
    [id, times],
  );
  await pool.query(
    `create temporary table bench_arrays as
     select (select array_agg(moment) from bench_time) as times, array_agg(ts order by ts) as series, array_agg(close order by ts) as closes
     from market.price_data where instrument_id = $1 and bar_interval = '1d'`,
    [id],
  );
  await pool.query("analyze bench_time");
  await pool.query("vacuum analyze market.price_data");
  return { bars: days, minutes: rowCount ?? 0 };
}

/** What `npm run bench time` runs. */
export const benchmark: Benchmark = { name: "time", summary: "join as of a time, fill gaps and make candles", run };
