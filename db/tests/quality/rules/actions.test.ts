import t from "tap";
import { weekdays, world } from "../support.ts";

t.test("action_split_doubled", async (t) => {
  const w = await world(t);
  const dates = weekdays("2022-06-20", 10);
  const said = async (symbol: string, closes: (number | null)[], splits: readonly (readonly [date: string | undefined, ratio: number])[], from?: string) => {
    const id = await w.instrument(symbol);
    await w.bars(id, closes.flatMap((close, at) => (close === null ? [] : [{ date: dates[at] ?? null, close }])));
    for (const [date, ratio] of splits) await w.action(id, "split", date ?? "", ratio);
    return (await w.validate(id, from)).get("action_split_doubled");
  };
  const once = [340, 345, 342, 340, 339, 341, 340, 34, 33, 34];
  t.match(await said("A", once, [[dates[2], 10], [dates[7], 10]]), { status: "failed", checked: 2, failed: 1, messages: [/split of 10 is on record for 2022-06-22 and for 2022-06-29, and the price shows it only on 2022-06-29/] });
  t.match(await said("B", [340, 345, 34, 34, 33.9, 34.1, 34, 34, 33, 34], [[dates[2], 10], [dates[7], 10]]), { failed: 1, messages: [/only on 2022-06-22/] }, "whichever of the two it is");
  t.match(await said("C", [340, 345, 34, 34, 33.9, 34.1, 34, 3.4, 3.3, 3.4], [[dates[2], 10], [dates[7], 10]]), { status: "passed", checked: 2 }, "two splits, two jumps");
  t.match(await said("D", once, [[dates[7], 10]]), { status: "passed", checked: 1 }, "one split");
  t.match(await said("E", once, [[dates[2], 5], [dates[7], 10]]), { status: "passed" }, "another ratio is another split");
  t.match(await said("F", once.map((price, at) => (at < 7 ? price / 10 : price)), [[dates[2], 10], [dates[7], 10]]), { failed: 1, messages: [/does not show it twice/] }, "prices that are adjusted cannot tell which");
  t.match(await said("G", [340, 345, null, null, null, null, null, 34, 33, 34], [[dates[2], 10], [dates[7], 10]]), { failed: 1 }, "one jump after a gap is one split");
  t.match(await said("H", [340, 345, null, null, null, null, null, 3.4, 3.3, 3.4], [[dates[2], 10], [dates[7], 10]]), { status: "passed" }, "two in one");
  t.match(await said("I", once, [["2022-05-02", 10], [dates[7], 10]]), { status: "passed" }, "two months apart");
  t.match(await said("J", [100, 100, 100, 100, 100, 100, 100, 100, 100, 100], [[dates[2], 1.05], [dates[7], 1.05]]), { status: "passed" }, "small stock dividends come again");
  t.match(await said("K", [1, 1, 1, 1, 1, 1, 1, 10, 10, 10], [[dates[2], 0.1], [dates[7], 0.1]]), { failed: 1 }, "a reverse split");
  t.match(await said("L", once, []), { status: "not_applicable" });
  t.match(await said("M", [340, 345, 34, 34, 33.9, 34.1, 34, 34, 33, 34], [[dates[2], 10], [dates[7], 10]], `${dates[7]}T00:00:00Z`), { checked: 1, failed: 1 }, "a look at the end says the same");
});

t.test("actions that cannot be", async (t) => {
  const w = await world(t);
  const dates = weekdays("2024-06-24", 10);
  const id = await w.instrument("A");
  await w.bars(id, dates.filter((date) => date !== "2024-07-04").map((date) => ({ date, close: 10 })));
  for (const [type, date, amount] of [["split", "2024-06-25", 2], ["split", "2024-06-26", 1], ["dividend", "2024-06-27", 1], ["dividend", "2024-06-28", 12], ["dividend", "2024-07-04", 1]] as const) await w.action(id, type, date, amount);
  const outcomes = await w.validate(id);
  t.match(outcomes.get("action_split_plausible"), { checked: 2, failed: 1, dates: ["2024-06-26"], messages: [/has a ratio of 1\./] });
  t.match(outcomes.get("action_dividend_below_price"), { failed: 1, dates: ["2024-06-28"], messages: [/The dividend 12 of 2024-06-28 is not below the close before, 10\./] });
  t.match(outcomes.get("action_ex_date_session"), { checked: 5, failed: 1, dates: ["2024-07-04"] }, "a holiday");
  t.match(outcomes.get("action_dividend_currency"), { status: "passed", checked: 3 });
  t.match(outcomes.get("action_sources_agree"), { status: "not_applicable" }, "one provider");

  await w.db.query("update market.instrument set currency = 'GBp' where instrument_id = $1", [id]);
  t.match((await w.validate(id)).get("action_dividend_currency"), { failed: 3, messages: [/is 1 USD, but the price is in GBp/, /12 USD/, /1 USD/] });
  const clean = await w.instrument("B");
  await w.bars(clean, [{ date: "2024-06-24" }]);
  t.match((await w.validate(clean)).get("action_ex_date_session"), { status: "not_applicable" });
});

t.test("action_sources_agree", async (t) => {
  const w = await world(t);
  const id = await w.instrument("A");
  await w.bars(id, weekdays("2024-06-24", 4).map((date) => ({ date })));
  await w.db.query("insert into ingest.provider (provider, title, priority, terms) values ('other', 'Other', 9998, 'none')");
  const body = await w.body();
  const say = (date: string, amount: number | null, at: string) =>
    w.db.query(
      `insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
       values ($1, 'dividend', $2, 'other', $3, $4::numeric, case when $4::numeric is not null then 'USD' end, $5, $6)`,
      [id, date, at, amount, body, w.runId],
    );
  for (const date of ["2024-06-25", "2024-06-26", "2024-06-27"]) await w.action(id, "dividend", date, 0.5);
  await say("2024-06-25", 0.505, "2024-07-01");
  await say("2024-06-26", 0.5, "2024-07-01");
  await say("2024-06-26", 0.6, "2024-07-02");
  await say("2024-06-27", null, "2024-07-02");
  t.match((await w.validate(id)).get("action_sources_agree"), {
    checked: 3, failed: 2, dates: ["2024-06-26", "2024-06-27"], messages: [/other says 0\.6 where test says 0\.5\./, /other no longer lists it where test says 0\.5\./],
  }, "the last word of each provider counts");
});
