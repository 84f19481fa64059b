import t from "tap";
import { addInstrument, openBench, randomNumbers, type Id } from "../feature/fixture.ts";
import { testDatabase } from "../support/database.ts";

const bench = await openBench(await testDatabase(t));
const { db } = bench;

/** Stores bars of an interval: start, prices around a close, the session being the New York date. */
async function addBarsOf(instrumentId: Id, interval: string, bars: readonly { ts: string; close: number; volume?: number; knownFrom?: string }[]): Promise<void> {
  await db.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, $2, ts, case when $2 in ('1d', '1w', '1mo') then (ts at time zone 'UTC')::date else (ts at time zone 'America/New_York')::date end,
       close - 0.5, close + 1, close - 1, close, volume, coalesce(known_from, ts + interval '1 day'), 'test_bench', $3, $4
     from unnest($5::timestamptz[], $6::double precision[], $7::double precision[], $8::timestamptz[]) as bar (ts, close, volume, known_from)
     on conflict (instrument_id, bar_interval, ts) do update set close = excluded.close, high = excluded.high, known_from = excluded.known_from`,
    [instrumentId, interval, bench.bodyId, bench.runId, bars.map(({ ts }) => ts), bars.map(({ close }) => close), bars.map(({ volume }) => volume ?? 100), bars.map(({ knownFrom }) => knownFrom ?? null)],
  );
}

/** Starts of the bars of so many minutes between two moments. */
function starts(from: string, to: string, minutes: number): string[] {
  const result: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += minutes * 60_000) result.push(new Date(at).toISOString());
  return result;
}

t.test("gaps are seen by the calendar, marked, carried forward or bridged", async (t) => {
  const id = await addInstrument(bench, "GAP");
  // Thanksgiving week of 2020: Thursday is a holiday, Friday is short; Wednesday and the Monday and Tuesday after are missing.
  const days = { "2020-11-23": 10, "2020-11-24": 20, "2020-11-27": 40, "2020-12-02": 80, "2020-12-03": 90 };
  await addBarsOf(id, "1d", Object.entries(days).map(([day, close]) => ({ ts: `${day}T00:00:00Z`, close, knownFrom: `${day}T21:00:00Z` })));
  const fill = (more = "") =>
    db.query(`select session_date::text as day, close, volume, is_missing as missing, gap, filled_from::date::text as before, filled_to::date::text as after,
      to_char(known_from at time zone 'America/New_York', 'MM-DD HH24:MI') as known from market.gap_fill('GAP'${more})`, [], "reader");
  const brief = async (more: string) => (await fill(more)).map(({ day, close, gap }) => [String(day).slice(5), close, gap]);

  t.same(await brief(""), [["11-23", 10, 0], ["11-24", 20, 0], ["11-25", null, 1], ["11-27", 40, 0], ["11-30", null, 1], ["12-01", null, 2], ["12-02", 80, 0], ["12-03", 90, 0]], "the holiday and the weekends are no gaps");
  t.match((await fill())[2], { volume: null, missing: true, before: null, after: null, known: "11-25 16:00" }, "what is missing is known to be missing at the close");
  t.same(await brief(", p_method => 'locf'"), [["11-23", 10, 0], ["11-24", 20, 0], ["11-25", 20, 1], ["11-27", 40, 0], ["11-30", 40, 1], ["12-01", 40, 2], ["12-02", 80, 0], ["12-03", 90, 0]]);
  t.match((await fill(", p_method => 'locf'"))[5], { volume: 0, missing: true, before: "2020-11-27", after: null, known: "12-01 16:00" });
  t.same((await brief(", p_method => 'locf', p_max_gap => 1")).slice(4, 6), [["11-30", 40, 1], ["12-01", null, 2]], "locf fills the first bars of a gap");
  const line = await fill(", p_method => 'linear'");
  t.same(line.map(({ close }) => close), [10, 20, 30, 40, 40 + 40 * (1 / 3), 40 + 40 * (2 / 3), 80, 90], "a line, session by session");
  t.match(line[4], { before: "2020-11-27", after: "2020-12-02", known: "12-02 16:00" }, "a line is known when its end is");
  t.same((await brief(", p_method => 'linear', p_max_gap => 1")).map(([, close]) => close), [10, 20, 30, 40, null, null, 80, 90], "linear fills gaps that are short enough");
  t.same(await brief(", p_from => '2020-12-01', p_to => '2020-12-01', p_method => 'locf'"), [["12-01", 40, 2]], "what is carried forward may lie before the first day asked for, and the gap is counted whole");
  t.same(await brief(", p_from => '2020-12-01', p_to => '2020-12-01', p_method => 'linear'"), [["12-01", 40 + 40 * (2 / 3), 2]]);
  t.same((await brief(", p_as_of => '2020-12-01T12:00:00Z', p_method => 'linear'")).slice(-2), [["11-25", 30, 1], ["11-27", 40, 0]], "as of a moment: later bars are neither expected nor used");
  t.same((await brief(", p_to => '2020-12-04', p_method => 'linear'")).at(-1), ["12-04", null, 1], "no line without an end");
  t.same((await brief(", p_from => '2020-11-20', p_method => 'locf'"))[0], ["11-20", null, 1], "nothing to carry before the first bar");
  t.same(await db.query("select symbol from market.gap_fill('GAP', '1h')"), [], "no bars of that length, no row");
  for (const [call, code] of [["'NONE'", "MB002"], ["'GAP', p_method => 'spline'", "MB001"], ["'GAP', p_method => null", "MB001"], ["'GAP', '7x'", "MB001"], ["'GAP', p_max_gap => -1", "MB001"]] as const) {
    t.equal((await db.refused(`select market.gap_fill(${call})`)).code, code, call);
  }
});

t.test("within sessions, on half days and across daylight saving, slots begin with the open", async (t) => {
  const slots = async (interval: string, from: string, to: string, mic = "XNYS") =>
    (await db.query<{ slot: string }>(
      `select to_char(ts at time zone 'America/New_York', 'DD HH24:MI') || '-' || to_char(ends_at at time zone 'America/New_York', 'HH24:MI') as slot from market.bar_slots($1, $2, $3, $4)`, [mic, interval, from, to], "reader",
    )).map(({ slot }) => slot);
  t.same(await slots("90 minutes", "2020-11-26", "2020-11-27"), ["27 09:30-11:00", "27 11:00-12:30", "27 12:30-13:00"], "90 minutes of a half day");
  t.same(await slots("4h", "2021-03-12", "2021-03-15"), ["12 09:30-13:30", "12 13:30-16:00", "15 09:30-13:30", "15 13:30-16:00"], "before and after the clocks change");
  t.equal((await slots("5m", "2020-11-27", "2020-11-27")).length, 42);
  t.equal((await slots("1h", "2020-11-28", "2020-11-29", "XXXX")).length, 48, "what never closes has whole days");
  t.same(
    await db.query("select ts::date::text as ts, session_date::text as first, last_session_date::text as last, session_count as n from market.bar_slots('XNYS', '1w', '2020-11-25', '2020-12-31') limit 2"),
    [{ ts: "2020-11-23", first: "2020-11-23", last: "2020-11-27", n: 4 }, { ts: "2020-11-30", first: "2020-11-30", last: "2020-12-04", n: 5 }], "weeks are given whole",
  );
  t.same(await db.query("select ts::date::text as ts, session_count as n from market.bar_slots('XNYS', '1q', '2020-05-05', '2020-05-05')"), [{ ts: "2020-04-01", n: 63 }]);
  t.same(await db.query("select count(*)::int as n from market.bar_slots('XNYS', '1d', '1985-12-23', '1985-12-27')"), [{ n: 5 }], "before the calendar begins every weekday counts");
  for (const [text, is] of [["5m", "00:05:00"], ["4h", "04:00:00"], ["90 minutes", "01:30:00"], ["1d", "1 day"], ["1w", "7 days"], ["1 week", "7 days"], ["1mo", "1 mon"], ["1q", "3 mons"], ["1y", "1 year"]] as const) {
    t.equal(await db.value<string>("select market.bar_length($1)::text", [text]), is, text);
  }
  for (const text of ["0m", "30s", "25h", "2d", "5 mons", "-1h", "1d 1h", "x", "", null]) t.equal((await db.refused("select market.bar_length($1)", [text])).code, "MB001", `${text} is refused`);
});

t.test("candles follow the session, weeks and months the session's date", async (t) => {
  const id = await addInstrument(bench, "CDL");
  // Wednesday, a short Friday, and a Monday until noon; one bar of Wednesday is missing, one lies before the open.
  const minutes = [...starts("2020-11-25T14:30:00Z", "2020-11-25T21:00:00Z", 30), ...starts("2020-11-27T14:30:00Z", "2020-11-27T18:00:00Z", 30), ...starts("2020-11-30T14:30:00Z", "2020-11-30T17:00:00Z", 30)]
    .filter((ts) => ts !== "2020-11-25T16:00:00.000Z");
  await addBarsOf(id, "30m", [...minutes.map((ts, i) => ({ ts, close: 100 + i, knownFrom: new Date(Date.parse(ts) + 1_800_000).toISOString() })), { ts: "2020-11-25T13:00:00Z", close: 9999 }]);
  const candles = (interval: string, more = "") =>
    db.query(`select to_char(ts at time zone 'America/New_York', 'DD HH24:MI') as at, open, high, low, close, volume, bar_count as n, expected_count as of, is_partial as partial
      from market.candles('CDL', $1${more})`, [interval], "reader");
  const byNinety = await candles("90 minutes");
  t.same(byNinety.map(({ at, n, of }) => [at, n, of]), [
    ["25 09:30", 3, 3], ["25 11:00", 2, 3], ["25 12:30", 3, 3], ["25 14:00", 3, 3], ["25 15:30", 1, 1], ["27 09:30", 3, 3], ["27 11:00", 3, 3], ["27 12:30", 1, 1], ["30 09:30", 3, 3], ["30 11:00", 2, 3],
  ], "counted from the open, the last one ends with the session");
  t.same(byNinety.map(({ partial }) => partial), [...Array(9).fill(false), true], "only the last one is not finished");
  t.same(byNinety[1], { at: "25 11:00", open: 102.5, high: 105, low: 102, close: 104, volume: 200, n: 2, of: 3, partial: false }, "first open, highest high, lowest low, last close, sum of volumes");
  t.equal((await candles("90 minutes", ", p_as_of => '2020-11-27T15:10:00Z'")).at(-1)?.["n"], 1, "as of a moment: only the bar that was over");
  t.equal((await candles("90 minutes", ", p_as_of => '2020-11-27T15:10:00Z'")).at(-1)?.["partial"], true);
  t.same((await candles("1d")).map(({ n, of, partial }) => [n, of, partial]), [[12, 13, false], [7, 7, false], [5, 13, true]], "days from minutes");
  t.equal((await candles("1d"))[1]?.["volume"], 700);

  for (const [interval, ts, close] of [["1d", "2020-11-23", 11], ["1d", "2020-11-24", 12], ["1d", "2020-11-25", 13], ["1d", "2020-11-27", 14], ["1d", "2020-11-30", 15], ["1d", "2020-12-01", 16]] as const) {
    await addBarsOf(id, interval, [{ ts: `${ts}T00:00:00Z`, close, knownFrom: `${ts}T21:00:00Z` }]);
  }
  const long = (interval: string, more = "") =>
    db.query(`select ts::date::text as ts, session_date::text as first, last_session_date::text as last, open, close, bar_count as n, expected_count as of, is_partial as partial from market.candles('CDL', $1${more})`, [interval]);
  t.same(await long("1w"), [
    { ts: "2020-11-23", first: "2020-11-23", last: "2020-11-27", open: 10.5, close: 14, n: 4, of: 4, partial: false },
    { ts: "2020-11-30", first: "2020-11-30", last: "2020-12-04", open: 14.5, close: 16, n: 2, of: 5, partial: true },
  ], "weeks");
  t.same((await long("1mo")).map(({ ts, n, of, partial }) => [ts, n, of, partial]), [["2020-11-01", 5, 20, false], ["2020-12-01", 1, 22, true]], "months, by the date of the session");
  t.same((await long("1mo", ", p_from => '2020-11-27', p_to => '2020-11-27'")).map(({ ts, n }) => [ts, n]), [["2020-11-01", 5]], "a candle is given whole where a limit lies within it");
  await addBarsOf(id, "1d", [{ ts: "2020-11-27T00:00:00Z", close: 44, knownFrom: "2021-01-04T00:00:00Z" }]);
  t.equal((await long("1w"))[0]?.["close"], 44, "a corrected bar makes a corrected candle");
  t.equal((await long("1w", ", p_as_of => '2020-12-31'"))[0]?.["close"], 14, "and the old one remains as of then");
  t.equal(await db.value("select source_interval from market.candles('CDL', '1w', p_source_interval => '30m') limit 1"), "30m");
  t.match(await db.refused("select market.candles('CDL', '45m')"), { code: "MB007", hint: /30m, 1d/ });
  t.equal((await db.refused("select market.candles('CDL', '1h', p_source_interval => '1d')")).code, "MB001");
});

t.test("candles of random bars, on both sides of the clock change, equal what a loop over them gives", async (t) => {
  const id = await addInstrument(bench, "RND");
  const random = randomNumbers(5);
  const ts = [...starts("2021-03-11T14:30:00Z", "2021-03-11T21:00:00Z", 1), ...starts("2021-03-15T13:30:00Z", "2021-03-15T20:00:00Z", 1)].filter(() => random() > 0.1);
  const bars = ts.map((at) => ({ ts: at, close: 100 + random(), volume: Math.floor(random() * 1000) }));
  await addBarsOf(id, "1m", bars);
  for (const minutes of [5, 15, 60, 90, 240]) {
    const expected = [...Map.groupBy(bars, (bar) => {
      const open = Date.parse(bar.ts.startsWith("2021-03-11") ? "2021-03-11T14:30:00Z" : "2021-03-15T13:30:00Z");
      return open + Math.floor((Date.parse(bar.ts) - open) / (minutes * 60_000)) * minutes * 60_000;
    })].map(([at, list]) => ({
      ts: new Date(at).toISOString(), open: (list[0]?.close ?? 0) - 0.5, high: Math.max(...list.map(({ close }) => close + 1)), low: Math.min(...list.map(({ close }) => close - 1)),
      close: list.at(-1)?.close, volume: list.reduce((sum, { volume }) => sum + volume, 0), n: list.length,
    }));
    const made = await db.query<{ ts: Date }>("select ts, open, high, low, close, volume, bar_count as n from market.candles('RND', $1)", [`${minutes}m`]);
    t.same(made.map((row) => ({ ...row, ts: row.ts.toISOString() })), expected, `${minutes} minutes`);
  }
});

/** The search of every element, as the definition reads. */
function oracle(time: number | null, series: readonly number[], direction: string, strict: boolean, tolerance: number | null): number | null {
  if (time === null) return null;
  let best: number | null = null;
  let bestDistance = Infinity;
  for (const [i, at] of series.entries()) {
    const before = strict ? at < time : at <= time;
    const after = strict ? at > time : at >= time;
    if (!(direction !== "forward" && before) && !(direction !== "backward" && after)) continue;
    const distance = Math.abs(time - at);
    if (tolerance !== null && distance > tolerance) continue;
    // Of equal elements the last where it lies before, the first where it lies after; before wins where both are as far.
    if (distance < bestDistance || (distance === bestDistance && best !== null && before && direction !== "forward" && (series[best] ?? 0) <= time)) {
      best = i + 1;
      bestDistance = distance;
    }
  }
  return best;
}

t.test("the join as of a time equals the search of every element", async (t) => {
  const random = randomNumbers(8);
  const base = Date.UTC(2020, 0, 1);
  for (const [size, spread] of [[0, 1], [1, 3], [40, 30], [200, 1000]] as const) {
    // With many equal times in both arrays.
    const series = Array.from({ length: size }, () => base + Math.floor(random() * spread) * 1000).sort((a, b) => a - b);
    const times = Array.from({ length: 150 }, () => (random() < 0.05 ? null : base + Math.floor((random() * 1.4 - 0.2) * spread) * 1000));
    for (const direction of ["backward", "forward", "nearest"]) {
      for (const strict of [false, true]) {
        for (const tolerance of [null, 0, 2000]) {
          const made = await db.query<{ position: number; at: number | null; value: number | null }>(
            "select position, match_position as at, value from market.as_of_join($1::timestamptz[], $2::timestamptz[], $3, $4, $5, $6)",
            [times.map((time) => (time === null ? null : new Date(time).toISOString())), series.map((time) => new Date(time).toISOString()), series.map((_, i) => i + 0.5),
              tolerance === null ? null : `${tolerance} milliseconds`, strict, direction], "reader",
          );
          const expected = times.map((time, i) => {
            const at = oracle(time, series, direction, strict, tolerance);
            return { position: i + 1, at, value: at === null ? null : at - 0.5 };
          });
          t.same(made, expected, `${size} elements, ${direction}, strict ${strict}, tolerance ${tolerance}`);
        }
      }
    }
  }
  for (const call of ["'{2020-01-02}', '{2020-01-03,2020-01-02}'", "'{2020-01-02}', array['2020-01-01', null]::timestamptz[]", "'{2020-01-02}', '{2020-01-03}', '{1,2}'",
    "'{2020-01-02}', '{2020-01-03}', p_tolerance => '-1 day'", "'{2020-01-02}', '{2020-01-03}', p_direction => 'sideways'"]) {
    t.equal((await db.refused(`select market.as_of_join(${call})`)).code, "MB001", call);
  }
  t.same(await db.query("select * from market.as_of_join(null, '{2020-01-01}')"), []);
  const [spent] = await db.query<{ n: number; us: number }>(
    `with series as (select array_agg(timestamptz '2020-01-01' + n * interval '1 minute' order by n) as ts, array_agg(n::float8 order by n) as value from generate_series(1, 20000) as n),
       ask as (select array_agg(timestamptz '2020-01-01' + random() * 20000 * interval '1 minute') as ts from generate_series(1, 200000)),
       begun as materialized (select clock_timestamp() as at, ask.ts as times, series.* from ask, series),
       joined as materialized (select count(joined.value)::int as n, max(begun.at) as at from begun cross join lateral market.as_of_join(begun.times, begun.ts, begun.value) as joined)
     select n, extract(epoch from clock_timestamp() - at)::float8 * 1e6 / 200000 as us from joined`,
  );
  t.ok((spent?.us ?? Infinity) < 100, `${spent?.us?.toFixed(2)} microseconds a time`);
});
