import t from "tap";
import { world, type Bar, type Fact } from "../support.ts";

t.test("critical rules on bars", async (t) => {
  const w = await world(t);
  const id = await w.instrument("TEST");
  const good: Bar = { date: "2024-03-04", open: 10, high: 12, low: 9, close: 11, volume: 5 };

  const cases: { what: string; bars: Bar[]; rejected: Record<number, string[]>; reason?: RegExp; fetchedAt?: string; interval?: string; instrument?: number | null }[] = [
    { what: "a good bar", bars: [good], rejected: {} },
    { what: "open, high, low and close equal", bars: [{ date: "2024-03-04", close: 10 }], rejected: {} },
    { what: "a volume of zero", bars: [{ ...good, volume: 0 }], rejected: {} },
    { what: "no adjusted close", bars: [{ ...good, adjustedClose: null }], rejected: {} },
    { what: "no time", bars: [{ ...good, date: null }], rejected: { 1: ["bar_values_present"] }, reason: /^Missing: time\.$/ },
    { what: "no open and no volume", bars: [good, { ...good, date: "2024-03-05", open: null, volume: null }], rejected: { 2: ["bar_values_present"] }, reason: /^Missing: open, volume\.$/ },
    { what: "no prices at all", bars: [{ ...good, open: null, high: null, low: null, close: null }], rejected: { 1: ["bar_values_present"] } },
    { what: "high below low", bars: [{ ...good, high: 8, open: 8.5, close: 8.5 }], rejected: { 1: ["bar_ohlc_order"] }, reason: /High 8 is below low 9\./ },
    { what: "open above high by the least that a double can say", bars: [{ ...good, open: 12 + 2 ** -49 * 2, high: 12 }], rejected: { 1: ["bar_ohlc_order"] }, reason: /Open .* is outside/ },
    { what: "close below low", bars: [{ ...good, close: 8.99 }], rejected: { 1: ["bar_ohlc_order"] }, reason: /Close 8\.99 is outside \[9, 12\]/ },
    { what: "a price of zero", bars: [{ ...good, low: 0 }], rejected: { 1: ["bar_prices_positive"] } },
    { what: "a negative price", bars: [{ ...good, low: -1 }], rejected: { 1: ["bar_prices_positive"] } },
    { what: "a negative volume", bars: [{ ...good, volume: -1 }], rejected: { 1: ["bar_volume_valid"] } },
    { what: "a bar given twice with equal values", bars: [good, good], rejected: {} },
    { what: "a bar given twice with different values", bars: [good, { ...good, close: 10 }, { ...good, date: "2024-03-05" }], rejected: { 1: ["bar_unique"], 2: ["bar_unique"] }, reason: /2 times, with different values/ },
    { what: "a bar given twice, once without its adjusted close", bars: [{ ...good, adjustedClose: 11 }, good], rejected: { 1: ["bar_unique"], 2: ["bar_unique"] } },
    { what: "an unknown symbol", bars: [good], instrument: null, rejected: { 1: ["bar_instrument_known"] }, reason: /'TEST' is not known/ },
    // 4 March 2024 was a Monday; New York closes at 16:00, which is 21:00 UTC in winter.
    { what: "a bar fetched a second before the close", bars: [good], fetchedAt: "2024-03-04T20:59:59Z", rejected: { 1: ["bar_final"] }, reason: /ends at 2024-03-04 21:00:00 UTC/ },
    { what: "a bar fetched at the close", bars: [good], fetchedAt: "2024-03-04T21:00:00Z", rejected: {} },
    { what: "a bar of a half day fetched at its early close", bars: [{ ...good, date: "2024-07-03" }], fetchedAt: "2024-07-03T17:00:00Z", rejected: {} },
    { what: "a bar of a summer day fetched at the close of summer time", bars: [{ ...good, date: "2024-07-01" }], fetchedAt: "2024-07-01T20:00:00Z", rejected: {} },
    { what: "a bar of the future", bars: [{ ...good, date: "2024-03-06" }], fetchedAt: "2024-03-05T12:00:00Z", rejected: { 1: ["bar_final"] } },
    { what: "a bar of a holiday before its midnight in New York", bars: [{ ...good, date: "2024-07-04" }], fetchedAt: "2024-07-05T03:59:59Z", rejected: { 1: ["bar_final"] } },
    { what: "a bar of a holiday after its midnight", bars: [{ ...good, date: "2024-07-04" }], fetchedAt: "2024-07-05T04:00:00Z", rejected: {} },
    { what: "the bar of a week before its Friday closes", bars: [good], interval: "1w", fetchedAt: "2024-03-08T20:59:59Z", rejected: { 1: ["bar_final"] } },
    { what: "the bar of a week after its Friday closed", bars: [good], interval: "1w", fetchedAt: "2024-03-08T21:00:00Z", rejected: {} },
    { what: "the bar of a month before its last session closes", bars: [{ ...good, date: "2024-03-01" }], interval: "1mo", fetchedAt: "2024-03-28T19:59:59Z", rejected: { 1: ["bar_final"] } },
    { what: "the bar of a month after its last session, Maundy Thursday", bars: [{ ...good, date: "2024-03-01" }], interval: "1mo", fetchedAt: "2024-03-28T20:00:00Z", rejected: {} },
    { what: "an hour that goes on", bars: [good], interval: "1h", fetchedAt: "2024-03-04T00:59:59Z", rejected: { 1: ["bar_final"] } },
    { what: "an hour that is over", bars: [good], interval: "1h", fetchedAt: "2024-03-04T01:00:00Z", rejected: {} },
    {
      what: "several faults in one row",
      bars: [{ ...good, low: -1, high: -2, volume: -1 }],
      rejected: { 1: ["bar_ohlc_order", "bar_prices_positive", "bar_volume_valid"] },
      reason: /High -2 is below low -1\..*not positive and finite\. Volume -1/,
    },
    { what: "no rows", bars: [], rejected: {} },
  ];
  for (const { what, bars, rejected, reason, fetchedAt, interval, instrument } of cases) {
    const body = await w.candidateBars(instrument === undefined ? id : instrument, bars, { ...(fetchedAt === undefined ? {} : { fetchedAt }), ...(interval === undefined ? {} : { interval }) });
    const rows = await w.judge(body);
    t.same(Object.fromEntries(rows.map(({ row, rules }) => [row, rules])), rejected, what);
    if (reason !== undefined) t.match(rows[0]?.reason, reason, `${what}: the reason`);
  }
});

t.test("what passes the critical rules passes the checks of market.price_data, and what the checks refuse is rejected", async (t) => {
  const w = await world(t);
  const id = await w.instrument("TEST");
  const body = await w.body();
  // Every combination of awkward values.
  await w.db.query(
    `insert into ingest.candidate_bar (raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume)
    select $1, row_number() over (), 'TEST', $2, day::timestamp at time zone 'UTC', day, o, h, l, c, v
    from (
      select '1950-01-01'::date + (row_number() over ())::integer as day, *
      from unnest('{null,-1,0,1,1.0000000000000002,2,Infinity,NaN}'::float8[]) o, unnest('{null,-1,0,1,1.0000000000000002,2,Infinity,NaN}'::float8[]) h,
        unnest('{null,-1,0,1,1.0000000000000002,2,Infinity,NaN}'::float8[]) l, unnest('{null,-1,0,1,1.0000000000000002,2,Infinity,NaN}'::float8[]) c,
        unnest('{null,-1,0,Infinity,NaN}'::float8[]) v
    ) as combination`,
    [body, id],
  );
  const [counts] = await w.db.query<{ rows: number; agree: number; storable: number }>(
    `select count(*)::int as rows, count(*) filter (where (rejected.row_no is null) = judged.storable)::int as agree, count(*) filter (where judged.storable)::int as storable
    from (
      select
        row_no,
        coalesce(low > 0 and high < 'infinity' and open > 0 and close > 0 and high >= low and open between low and high and close between low and high
          and volume >= 0 and volume < 'infinity', false) as storable
      from ingest.candidate_bar
    ) as judged
    left join quality.validate_candidates($1, $2) as rejected using (row_no)`,
    [w.runId, body],
  );
  t.same(counts?.agree, counts?.rows, "rules and checks agree on every combination");
  t.ok((counts?.storable ?? 0) > 10, "some combinations can be stored");
});

t.test("critical rules on reported facts", async (t) => {
  const w = await world(t);
  const id = await w.instrument("TEST");
  const cases: { what: string; fact: Fact; rules: string[]; reason?: RegExp; instrument?: null }[] = [
    { what: "a good fact", fact: {}, rules: [] },
    { what: "a negative value", fact: { value: -5 }, rules: [] },
    { what: "filed on the last day of its period", fact: { filed: "2020-12-31" }, rules: [] },
    { what: "an unknown company", fact: {}, instrument: null, rules: ["fact_instrument_known"] },
    { what: "no value", fact: { value: null }, rules: ["fact_value_present"], reason: /^Missing: value\.$/ },
    { what: "a value that is no number", fact: { value: "NaN" }, rules: ["fact_value_present"], reason: /^The value is NaN\.$/ },
    { what: "no concept", fact: { concept: "" }, rules: ["fact_value_present"], reason: /concept/ },
    { what: "no unit", fact: { unit: null }, rules: ["fact_unit_present"] },
    { what: "a period that ends before it starts", fact: { start: "2021-01-01" }, rules: ["fact_period_order"], reason: /ends 2020-12-31, before it starts 2021-01-01/ },
    { what: "a period without an end", fact: { end: null }, rules: ["fact_period_order"], reason: /no start or no end/ },
    { what: "filed before the period ends", fact: { filed: "2020-12-30" }, rules: ["fact_filed_after_period"], reason: /Filed 2020-12-30/ },
    { what: "no filing", fact: { filed: null, accession: "" }, rules: ["fact_filed_after_period"], reason: /^Missing: date of filing, accession number\.$/ },
  ];
  for (const { what, fact, rules, reason, instrument } of cases) {
    const rows = await w.judge(await w.candidateFacts(instrument === null ? null : id, [{}, fact]));
    t.same(rows.filter(({ row }) => row === 2).flatMap((row) => row.rules), rules, what);
    if (reason !== undefined) t.match(rows.find(({ row }) => row === 2)?.reason, reason, `${what}: the reason`);
  }
});

t.test("rules that let a row in and say what is odd about it", async (t) => {
  const w = await world(t);
  const id = await w.instrument("ODD");
  const bars: Bar[] = [
    { date: "2024-03-04", adjustedClose: 99 },
    { date: "1899-12-29" },
    { date: "2024-03-05", adjustedClose: -1 },
    { date: "2024-03-06", close: 9_999_999_999 },
    { date: "2024-03-07" },
  ];
  const body = await w.candidateBars(id, bars);
  await w.db.query("update ingest.candidate_bar set ts = ts + interval '5 hours' where raw_response_id = $1 and row_no = 5", [body]);
  t.same(await w.judge(body), [], "none is kept out");
  const said = await w.verdicts(body);
  t.match(said.get("bar_date_plausible"), { checked: 5, failed: 1, dates: ["1899-12-29"] });
  t.match(said.get("bar_adjusted_close_valid"), { failed: 1, dates: ["2024-03-05"], messages: [/is -1\./] });
  t.match(said.get("bar_prices_in_range"), { failed: 1, dates: ["2024-03-06"] });
  t.match(said.get("bar_time_aligned"), { failed: 1, dates: ["2024-03-07"], messages: [/begins at 2024-03-07 05:00:00 UTC/] });
  const minutes = await w.candidateBars(id, [{ date: "2024-03-04" }], { interval: "5m" });
  await w.judge(minutes);
  t.match((await w.verdicts(minutes)).get("bar_time_aligned"), { status: "passed" }, "minutes begin on whole minutes");
  await w.db.query("update ingest.candidate_bar set ts = ts + interval '7 seconds' where raw_response_id = $1", [minutes]);
  await w.judge(minutes);
  t.match((await w.verdicts(minutes)).get("bar_time_aligned"), { failed: 1 });

  const good: Fact = { concept: "Assets", value: 1, unit: "USD" };
  const facts = await w.candidateFacts(id, [good, { ...good, value: 2 }, { ...good, concept: "Shares", unit: "USD/shares" }, { ...good, concept: "Cash", unit: "12 %" }]);
  await w.judge(facts);
  const verdicts = await w.verdicts(facts);
  t.match(verdicts.get("fact_unique"), { checked: 4, failed: 2, messages: [/gives this fact 2 times, with different values/, /2 times/] });
  t.match(verdicts.get("fact_unit_valid"), { failed: 1, messages: ["'12 %' is not a unit."] });
  t.match(verdicts.get("fact_accession_valid"), { failed: 0 }, "only those of the SEC are judged");
  await w.db.query("insert into ingest.provider (provider, title, priority, terms) values ('sec', 'SEC', 9997, 'none') on conflict do nothing");
  const filed = await w.candidateFacts(id, [good, { ...good, concept: "Cash", accession: "17-1" }]);
  await w.db.query("alter table ingest.raw_response disable trigger user");
  await w.db.query("update ingest.raw_response set provider = 'sec' where raw_response_id = $1", [filed]);
  await w.judge(filed);
  t.match((await w.verdicts(filed)).get("fact_accession_valid"), { checked: 2, failed: 1, messages: ["'17-1' is not an accession number."] });
});
