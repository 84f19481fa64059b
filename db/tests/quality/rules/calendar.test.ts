import t from "tap";
import { weekdays, world } from "../support.ts";

/** The week of 4 July 2024, a Thursday on which New York did not trade. */
const week = ["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05"];

t.test("price_no_gap", async (t) => {
  const w = await world(t);
  const id = await w.instrument("GAP");
  t.match((await w.validate(id)).get("price_no_gap"), { status: "not_applicable", checked: 0 }, "no bars");
  await w.bars(id, [{ date: week[0] ?? null }]);
  t.match((await w.validate(id)).get("price_no_gap"), { status: "passed", checked: 1 }, "one bar");
  await w.bars(id, [{ date: week[3] ?? null }]);
  t.match((await w.validate(id)).get("price_no_gap"), { status: "failed", checked: 4, failed: 2, dates: [week[1], week[2]] }, "two sessions are missing, the holiday is not");
  await w.bars(id, [{ date: "2024-07-09" }]);
  t.match((await w.validate(id, "2024-07-09T00:00:00Z")).get("price_no_gap"), { checked: 3, failed: 1, dates: ["2024-07-08"] }, "the gap between old and new bars is seen");
  await w.bars(id, [{ date: week[1] ?? null }, { date: week[2] ?? null }, { date: "2024-07-08" }]);
  t.match((await w.validate(id)).get("price_no_gap"), { status: "passed", checked: 6 });

  const crypto = await w.instrument("BTC-USD", { assetClass: "crypto", mic: "XXXX" });
  await w.bars(crypto, [{ date: "2024-07-05" }, { date: "2024-07-07" }]);
  t.match((await w.validate(crypto)).get("price_no_gap"), { failed: 1, dates: ["2024-07-06"] }, "a market that never closes has a bar on every day");
  const london = await w.instrument("VOD.L", { mic: "XLON" });
  await w.bars(london, [{ date: "2024-05-03" }, { date: "2024-05-07" }]);
  t.match((await w.validate(london)).get("price_no_gap"), { status: "passed" }, "a bank holiday of London is no gap");
  const frankfurt = await w.instrument("SAP.DE", { mic: "XETR" });
  await w.bars(frankfurt, [{ date: "2024-05-03" }, { date: "2024-05-07" }]);
  t.match((await w.validate(frankfurt)).get("price_no_gap"), { status: "not_applicable" }, "without a calendar a holiday cannot be told from a gap");
});

t.test("price_session_exists", async (t) => {
  const w = await world(t);
  const id = await w.instrument("DAY");
  await w.bars(id, [{ date: "2024-07-03" }, { date: "2024-07-04" }, { date: "2024-07-06" }]);
  t.match((await w.validate(id)).get("price_session_exists"), { status: "failed", checked: 3, failed: 2, dates: ["2024-07-04", "2024-07-06"] }, "a holiday and a Saturday");
  const old = await w.instrument("OLD");
  await w.bars(old, [{ date: "1950-01-01" }, { date: "1990-01-02" }]);
  t.match((await w.validate(old)).get("price_session_exists"), { status: "passed", checked: 1 }, "days before the calendar begins are not judged");
  const frankfurt = await w.instrument("SAP.DE", { mic: "XETR" });
  await w.bars(frankfurt, [{ date: "2024-07-05" }, { date: "2024-07-07" }]);
  t.match((await w.validate(frankfurt)).get("price_session_exists"), { failed: 1, dates: ["2024-07-07"] }, "where only weekdays are known, a Sunday");
  const crypto = await w.instrument("BTC-USD", { mic: "XXXX" });
  await w.bars(crypto, [{ date: "2024-07-07" }]);
  t.match((await w.validate(crypto)).get("price_session_exists"), { status: "passed", checked: 1 });
});

t.test("price_fresh", async (t) => {
  const w = await world(t);
  const finished = await w.db.query<{ date: string }>(
    "select session_date::text as date from market.trading_session where mic = 'XNYS' and close_at <= now() order by session_date desc limit 4",
  );
  const said = async (symbol: string, date: string | undefined, mic?: string) => {
    const id = await w.instrument(symbol, mic === undefined ? {} : { mic });
    await w.bars(id, [{ date: date ?? null }]);
    return (await w.validate(id)).get("price_fresh");
  };
  t.match(await said("A", finished[0]?.date), { status: "passed", checked: 1 }, "the last finished session");
  t.match(await said("B", finished[1]?.date), { status: "passed" }, "one session behind");
  t.match(await said("C", finished[2]?.date), { status: "failed", checked: 1, failed: 1, dates: [null], messages: [/^2 sessions behind: last bar /] }, "two sessions behind");
  t.match(await said("D", "2020-01-02", "XETR"), { status: "not_applicable" }, "no calendar");
});

t.test("price_complete and price_filler_bar", async (t) => {
  const w = await world(t);
  const sessions = (await w.db.query<{ day: string }>("select day::text from market.session_dates('XNYS', '2023-01-01', '2023-12-31') as day")).map(({ day }) => day);
  const said = async (symbol: string, missing: number) => {
    const id = await w.instrument(symbol);
    await w.bars(id, sessions.filter((_, i) => i === 0 || i > missing).map((date, i) => ({ date, close: 100 + (i % 2), ...(i === 9 && { close: 101, volume: 0 }), ...(i === 8 && { close: 101 }) })));
    return w.validate(id);
  };
  const holes = await said("HOLES", 4);
  t.match(holes.get("price_complete"), { checked: 1, failed: 1, dates: [null], messages: [/^246 of 250 sessions from 2023-01-03 to 2023-12-29 have a bar\./] });
  t.match((await said("FEW", 2)).get("price_complete"), { status: "passed" }, "two of 250 are less than a hundredth");
  t.match(holes.get("price_filler_bar"), { failed: 1, messages: [/repeats the close before, 101, without a trade/] });
  const index = await w.instrument("^IX", { assetClass: "index" });
  await w.bars(index, weekdays("2024-07-08", 3).map((date) => ({ date, volume: 0 })));
  t.match((await w.validate(index)).get("price_filler_bar"), { status: "passed" }, "an index has no volume");
});

t.test("price_in_session", async (t) => {
  const w = await world(t);
  const id = await w.instrument("MIN");
  const body = await w.body();
  await w.db.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, '30m', moment, '2024-07-03', 1, 1, 1, 1, 1, moment, 'test', $2, $3
     from unnest('{2024-07-03 13:00Z, 2024-07-03 13:30Z, 2024-07-03 16:30Z, 2024-07-03 17:00Z}'::timestamptz[]) as moment`,
    [id, body, w.runId],
  );
  const outcome = (await w.validate(id)).get("price_in_session");
  t.match(outcome, { checked: 4, failed: 2, messages: [/2024-07-03 13:00 UTC/, /2024-07-03 17:00 UTC/] }, "half an hour before the open, and after the close of a half day");
  const daily = await w.instrument("DAILY");
  await w.bars(daily, [{ date: "2024-07-03" }]);
  t.match((await w.validate(daily)).get("price_in_session"), { status: "not_applicable" });
});
