import t from "tap";
import { weekdays, world, type Bar } from "../support.ts";

/** Closes that move by a quarter of a percent up and down, so that there is a normal deviation. */
function wobble(count: number, from = "2020-01-01"): Bar[] {
  return weekdays(from, count).map((date, i) => ({ date, close: i % 2 === 0 ? 100 : 100.25, volume: 1000 + (i % 3) }));
}

t.test("price_stale_run", async (t) => {
  const w = await world(t);
  const said = async (closes: number[]) => {
    const id = await w.instrument(`S${closes.length}${closes.join("").length}`);
    const dates = weekdays("2020-01-01", closes.length);
    await w.bars(id, closes.map((close, i) => ({ date: dates[i] ?? null, close })));
    return { outcome: (await w.validate(id)).get("price_stale_run"), dates };
  };
  const four = await said([9, 5, 5, 5, 5, 6]);
  t.match(four.outcome, { status: "passed", checked: 6, failed: 0 }, "four equal bars pass");
  const six = await said([9, 5, 5, 5, 5, 5, 5, 7]);
  t.match(six.outcome, { status: "failed", checked: 8, failed: 2 }, "the fifth and the sixth of six equal bars fail");
  t.same(six.outcome?.dates, six.dates.slice(5, 7));
  const all = await said([5, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
  t.equal(all.outcome?.failed, 6, "a series that never moves");
  const one = await said([5]);
  t.match(one.outcome, { status: "passed", checked: 1 }, "one bar");
});

t.test("price_return_outlier", async (t) => {
  const w = await world(t);
  const id = await w.instrument("OUT");
  const bars = wobble(80);
  await w.bars(id, bars.map((bar, i) => (i < 70 ? bar : { ...bar, close: (bar.close ?? 0) * 1.1 })));
  const outcome = (await w.validate(id)).get("price_return_outlier");
  t.match(outcome, { status: "failed", checked: 80, failed: 1 });
  t.same(outcome?.dates, [bars[70]?.date], "the one bar that jumps by ten percent, and not the bars after it");
  t.match(outcome?.messages[0], /moved by 9\.7 % from 100.25 to 110\.0000/);

  const calm = await w.instrument("CALM");
  await w.bars(calm, bars);
  t.match((await w.validate(calm)).get("price_return_outlier"), { status: "passed" }, "an ordinary series passes");

  const flat = await w.instrument("FLAT");
  await w.bars(flat, weekdays("2020-01-01", 30).map((date, i) => ({ date, close: i === 29 ? 106 : 100 })));
  t.match((await w.validate(flat)).get("price_return_outlier"), { failed: 1 }, "after no movement at all any large move sticks out: the deviation is 0 and the score infinite");
  const creep = await w.instrument("CREEP");
  await w.bars(creep, weekdays("2020-01-01", 30).map((date, i) => ({ date, close: i === 29 ? 104 : 100 })));
  t.match((await w.validate(creep)).get("price_return_outlier"), { failed: 0 }, "a move below min_move does not, whatever its score");
  const young = await w.instrument("YOUNG");
  await w.bars(young, weekdays("2020-01-01", 21).map((date, i) => ({ date, close: i === 20 ? 110 : 100 })));
  t.match((await w.validate(young)).get("price_return_outlier"), { failed: 0 }, "nineteen returns are too few to judge by");

  const split = await w.instrument("SPLIT");
  await w.bars(split, bars.map((bar, i) => (i < 70 ? bar : { ...bar, close: (bar.close ?? 0) / 4 })));
  await w.action(split, "split", bars[70]?.date ?? "", 4);
  t.match((await w.validate(split)).get("price_return_outlier"), { failed: 0 }, "a split on record is no move");
});

t.test("what is said of the end of a series does not depend on where the check begins", async (t) => {
  const w = await world(t);
  const id = await w.instrument("END");
  const bars = wobble(200).map((bar, i) => ({
    ...bar,
    close: (bar.close ?? 0) * (i >= 150 ? 1.2 : 1) * (i === 170 ? 1.5 : 1),
    volume: i === 160 ? 90_000 : (bar.volume ?? 0),
  }));
  for (const i of [180, 181, 182, 183, 184, 185, 186]) bars[i] = { ...(bars[i] as Bar & { close: number; volume: number }), close: 130 };
  await w.bars(id, bars);
  const whole = await w.validate(id);
  for (const from of [148, 150, 151, 155, 160, 171, 172, 183, 184, 199]) {
    const date = bars[from]?.date ?? "";
    const end = await w.validate(id, `${date}T00:00:00Z`);
    for (const rule of ["price_return_outlier", "price_stale_run", "price_volume_outlier", "price_split_consistent", "price_unit_consistent", "price_volume_present", "price_level_shift"]) {
      t.same(end.get(rule)?.dates, whole.get(rule)?.dates.filter((found) => (found ?? "") >= date), `${rule} from bar ${from}`);
    }
  }
  const outliers = whole.get("price_return_outlier")?.dates ?? [];
  t.same([150, 170, 171, 180].filter((i) => !outliers.includes(bars[i]?.date ?? "")), [], `outliers: ${outliers.join(", ")}`);
  t.same(whole.get("price_level_shift")?.dates, [bars[170]?.date, bars[171]?.date]);
  t.equal(whole.get("price_stale_run")?.failed, 3);
  t.equal(whole.get("price_volume_outlier")?.failed, 1);
});

t.test("price_spike", async (t) => {
  const w = await world(t);
  const id = await w.instrument("SPIKE");
  await w.bars(id, [100, 101, 150, 100, 101, 150, 151].map((close, i) => ({ date: weekdays("2020-01-01", 7)[i] ?? null, close })));
  const outcome = (await w.validate(id)).get("price_spike");
  t.match(outcome, { status: "failed", failed: 1 }, "a jump that comes back is one, a jump that stays is not");
  t.same(outcome?.dates, ["2020-01-03"], "the bar that sticks out is named");
  t.match((await w.validate(id, "2020-01-06T00:00:00Z")).get("price_spike"), { failed: 1, dates: ["2020-01-03"] }, "it is found when the bar after it arrives");
  t.match((await w.validate(id, "2020-01-07T00:00:00Z")).get("price_spike"), { failed: 0 });
});

t.test("price_split_consistent", async (t) => {
  const w = await world(t);
  const dates = weekdays("2020-01-01", 6);
  const said = async (symbol: string, closes: number[], split?: [date: string | undefined, ratio: number], dividend?: [date: string | undefined, amount: number]) => {
    const id = await w.instrument(symbol);
    await w.bars(id, closes.map((close, i) => ({ date: dates[i] ?? null, close })));
    if (split !== undefined) await w.action(id, "split", split[0] ?? "", split[1]);
    if (dividend !== undefined) await w.action(id, "dividend", dividend[0] ?? "", dividend[1]);
    return (await w.validate(id)).get("price_split_consistent");
  };
  t.match(await said("A", [100, 101, 50.5, 51, 50, 51]), { status: "passed" }, "in the first days of a series a half may be anything");
  const unrecorded = await w.instrument("UNRECORDED");
  const long = weekdays("2020-01-01", 40);
  await w.bars(unrecorded, wobble(40).map((bar, i) => (i < 30 ? bar : { ...bar, close: (bar.close ?? 0) / 2 })));
  t.match((await w.validate(unrecorded)).get("price_split_consistent"), { status: "failed", failed: 1, dates: [long[30]], messages: [/opens at 0\.4988 times the close before, and no split is on record/] }, "a split that nobody recorded");
  const jumpy = await w.instrument("JUMPY");
  await w.bars(jumpy, long.map((date, i) => ({ date, close: (i % 2 === 0 ? 100 : 110) / (i < 30 ? 1 : 2) })));
  t.match((await w.validate(jumpy)).get("price_split_consistent"), { status: "passed" }, "nor does a half say much of a price that moves by a tenth every day");
  const vendor = async (symbol: string, adjusted: number[]) => {
    const id = await w.instrument(symbol);
    await w.bars(id, [100, 101, 50.5, 51, 50, 51].map((close, i) => ({ date: dates[i] ?? null, close, adjustedClose: adjusted[i] ?? null })));
    await w.action(id, "split", dates[2] ?? "", 2);
    return (await w.validate(id)).get("price_split_consistent");
  };
  t.match(await vendor("LACKS", [100, 101, 50.5, 51, 50, 51]), { failed: 1, dates: [dates[2]], messages: [/the adjusted close does not contain the split/] }, "a split on record that not even the adjusted close contains");
  t.match(await vendor("HAS", [50, 50.5, 50.5, 51, 50, 51]), { status: "passed" }, "closes as traded, beside adjusted ones that contain it");
  t.match(await said("B", [100, 101, 50.5, 51, 50, 51], [dates[2], 2]), { status: "passed" }, "the same split, on record");
  t.match(await said("C", [100, 101, 101, 100, 102, 101], [dates[2], 2]), { status: "passed" }, "a split on record in prices that contain it");
  t.match(await said("D", [100, 101, 50.5, 51, 50, 51], [dates[4], 2]), { failed: 1, messages: [/a split of 2 is on record, but not one that explains this/] }, "a split applied two days early");
  t.match(await said("E", [10, 10.1, 101, 100, 102, 101], [dates[2], 0.1]), { status: "passed" }, "a reverse split, on record");
  t.match(await said("F", [100, 101, 10.1, 100, 102, 101], [dates[2], 0.1]), { failed: 2, dates: [dates[2], dates[3]] }, "a reverse split that went the wrong way for a day");
  t.match(await said("G", [100, 100, 62, 63, 62, 63]), { status: "passed" }, "a crash by 38 percent is no split");
  t.match(await said("H", [100, 100, 50, 51, 50, 51], undefined, [dates[2], 50]), { status: "passed" }, "half the price paid out as a dividend is none");
  t.match(await said("I", [100, 100, 23.7, 24, 24, 24]), { failed: 1 }, "a jump beyond always is reported whatever its ratio");
  t.match(await said("J", [100, 100, 1, 1, 1, 1]), { failed: 0 }, "a factor of 100 is the affair of price_unit_consistent");
  t.match(await said("K", [100]), { status: "passed", checked: 1 });
});

t.test("price_unit_consistent", async (t) => {
  const w = await world(t);
  const id = await w.instrument("UNIT");
  const dates = weekdays("2020-01-01", 6);
  await w.bars(id, [2.5, 2.52, 253, 251, 2.5, 2.51].map((close, i) => ({ date: dates[i] ?? null, close })));
  const outcome = (await w.validate(id)).get("price_unit_consistent");
  t.match(outcome, { status: "failed", failed: 2, dates: [dates[2], dates[4]] });
  t.match(outcome?.messages[0], /about 100 times as much/);
  t.match(outcome?.messages[1], /about 1\/100 of it/);
  const good = await w.instrument("GOOD");
  await w.bars(good, [2.5, 5, 50, 49, 2.5, 2.51].map((close, i) => ({ date: dates[i] ?? null, close })));
  t.match((await w.validate(good)).get("price_unit_consistent"), { status: "passed", checked: 6 });
});

t.test("price_volume_present", async (t) => {
  const w = await world(t);
  const bars = weekdays("2020-01-01", 3).map((date, i) => ({ date, volume: i === 1 ? 0 : 7 }));
  const equity = await w.instrument("EQ");
  await w.bars(equity, bars);
  t.match((await w.validate(equity)).get("price_volume_present"), { status: "failed", checked: 3, failed: 1, dates: ["2020-01-02"] });
  const index = await w.instrument("^IX", { assetClass: "index" });
  await w.bars(index, bars);
  t.match((await w.validate(index)).get("price_volume_present"), { status: "not_applicable", checked: 0, message: "Nothing to check." }, "an index has no volume of its own");
});

t.test("price_volume_outlier", async (t) => {
  const w = await world(t);
  const id = await w.instrument("VOL");
  const dates = weekdays("2020-01-01", 40);
  await w.bars(id, dates.map((date, i) => ({ date, volume: i === 30 ? 100_000 : i === 35 ? 20_000 : i === 33 ? 0 : 1000 + (i % 5) })));
  t.match((await w.validate(id)).get("price_volume_outlier"), { failed: 1, dates: [dates[30]] }, "a hundred times the usual volume is one, twenty times is not, none is not");
  const none = await w.instrument("^NOVOL", { assetClass: "index" });
  await w.bars(none, dates.map((date) => ({ date, volume: 0 })));
  t.match((await w.validate(none)).get("price_volume_outlier"), { status: "passed" }, "a series without volume");
});

t.test("price_adjusted_close_consistent", async (t) => {
  const w = await world(t);
  const dates = weekdays("2020-01-01", 4);
  // A dividend of 2 on a close of 100: earlier closes are adjusted by 0.98.
  const said = async (symbol: string, adjusted: (number | null)[], dividend?: number, closes = [100, 100, 98, 98]) => {
    const id = await w.instrument(symbol);
    await w.bars(id, closes.map((close, i) => ({ date: dates[i] ?? null, close, adjustedClose: adjusted[i] ?? null })));
    if (dividend !== undefined) await w.action(id, "dividend", dates[2] ?? "", dividend);
    return (await w.validate(id)).get("price_adjusted_close_consistent");
  };
  t.match(await said("A", [98, 98, 98, 98], 2), { status: "passed", checked: 4 }, "adjusted by the dividend");
  t.match(await said("B", [100, 100, 98, 98], 2), { failed: 1, dates: [dates[2]], messages: [/changed against the close by 0\.00 %; the dividend of 2 on record makes 2\.04 %/] }, "not adjusted");
  t.match(await said("C", [98, 97, 98, 98], 2), { failed: 2, dates: [dates[1], dates[2]] }, "adjusted on a day without a dividend");
  t.match(await said("D", [100, 99, 98, 98]), { failed: 0 }, "without any action on record nothing can be said");
  t.match(await said("E", [98, 98, -98, 98], 2), { failed: 1, messages: [/is -98\./] }, "a negative adjusted close");
  t.match(await said("F", [null, null, null, null], 2), { status: "not_applicable" }, "no adjusted closes");
  t.match(await said("G", [98, 98, 98, 98], 150), { failed: 0 }, "a dividend above the price is the affair of action_dividend_below_price");
});

t.test("price_dividend_plausible", async (t) => {
  const w = await world(t);
  const dates = weekdays("2020-01-01", 3);
  const said = async (symbol: string, dividend: number, open: number) => {
    const id = await w.instrument(symbol);
    await w.bars(id, [{ date: dates[0] ?? null }, { date: dates[1] ?? null, open, close: open }]);
    await w.action(id, "dividend", dates[1] ?? "", dividend);
    return (await w.validate(id)).get("price_dividend_plausible");
  };
  t.match(await said("A", 50, 99), { failed: 1, dates: [dates[1]] }, "half the price paid out and hardly a move");
  t.match(await said("B", 50, 51), { failed: 0 }, "half the price paid out, and the price halved");
  t.match(await said("C", 1, 101), { failed: 0 }, "a small dividend drowns in the noise");
});

t.test("price_dividend_once", async (t) => {
  const w = await world(t);
  const dates = weekdays("2020-01-01", 140);
  const said = async (symbol: string, paid: [bar: number, amount: number][], closes: (i: number) => number) => {
    const id = await w.instrument(symbol);
    await w.bars(id, dates.map((date, i) => ({ date, close: closes(i) })));
    for (const [bar, amount] of paid) await w.action(id, "dividend", dates[bar] ?? "", amount);
    return (await w.validate(id)).get("price_dividend_once");
  };
  const fell = (i: number) => (i < 65 ? 100 : 98);
  t.match(await said("A", [[5, 2], [64, 2], [65, 2], [130, 2]], fell), { failed: 1, dates: [dates[64]] }, "the one on whose day the price did not fall");
  t.match(await said("B", [[64, 2], [65, 2]], fell), { failed: 1, dates: [dates[64]] }, "the same two alone");
  t.match(await said("C", [[5, 2], [65, 2], [130, 2]], fell), { failed: 0 }, "equal dividends each quarter");
  t.match(await said("D", [[5, 2], [64, 1], [65, 2], [130, 2]], fell), { failed: 0 }, "a special dividend of another amount");
  t.match(await said("E", [[5, 1], [10, 1], [15, 1], [20, 1]], () => 100), { failed: 0 }, "equal dividends each week");
});

t.test("price_dividend_scale", async (t) => {
  const w = await world(t);
  const dates = weekdays("2018-01-01", 600);
  // Two percent eight times; what is on record for it.
  const said = async (symbol: string, amount: number, fall: number) => {
    const id = await w.instrument(symbol);
    const paid = [60, 125, 190, 255, 320, 385, 450, 515];
    const close = (i: number) => 100 - fall * paid.filter((bar) => bar <= i).length + (i % 2) * 0.5;
    await w.bars(id, dates.map((date, i) => ({ date, close: close(i) })));
    for (const bar of paid) await w.action(id, "dividend", dates[bar] ?? "", amount);
    const whole = (await w.validate(id)).get("price_dividend_scale");
    return { whole, end: (await w.validate(id, `${dates[500]}T00:00:00Z`)).get("price_dividend_scale") };
  };
  const wrong = await said("A", 0.02, 2);
  t.match(wrong.whole, { failed: 8 }, "dividends in pounds where the price falls as by pence");
  t.match(wrong.end, { failed: 1, dates: [dates[515]] }, "the same of the last one, when only the end is checked");
  t.match((await said("B", 2, 2)).whole, { failed: 0 }, "dividends in the unit of the price");
  t.match((await said("C", 0.02, 0)).whole, { failed: 0 }, "small dividends that are small");
});

t.test("dividends, ticks, news and weeks explain moves", async (t) => {
  const w = await world(t);
  const dates = weekdays("2020-01-01", 80);
  const said = async (symbol: string, bars: Bar[], dividend?: [date: string | undefined, amount: number]) => {
    const id = await w.instrument(symbol);
    await w.bars(id, bars);
    if (dividend !== undefined) await w.action(id, "dividend", dividend[0] ?? "", dividend[1]);
    return w.validate(id);
  };
  const drop = wobble(80).map((bar, i) => (i < 70 ? bar : { ...bar, close: (bar.close ?? 0) - 20 }));
  t.match((await said("A", drop)).get("price_return_outlier"), { failed: 1 });
  t.match((await said("B", drop, [dates[70], 20])).get("price_return_outlier"), { failed: 0 }, "a fall by the dividend is no move");
  t.match((await said("C", drop.filter((_, i) => i !== 70), [dates[70], 20])).get("price_return_outlier"), { failed: 0 }, "nor where the bar of the ex-date is missing");
  t.match((await said("D", drop.map((bar, i) => (i === 70 ? { ...bar, volume: 5000 } : bar)))).get("price_return_outlier"), { failed: 0 }, "news brings trading");
  const coarse = await said("E", dates.slice(0, 8).map((date, i) => ({ date, close: [3, 2, 2, 1, 2, 2, 3, 2][i] ?? 0 })));
  t.match([coarse.get("price_split_consistent"), coarse.get("price_spike")], [{ failed: 0 }, { failed: 0 }], "a price of two ticks halves by one");
  const high = await said("F", wobble(40).map((bar, i) => (i === 30 ? { ...bar, high: 10_010 } : bar)));
  t.match(high.get("price_unit_consistent"), { failed: 1, dates: [dates[30]] }, "a high in another unit");

  const id = await w.instrument("WEEKLY");
  const body = await w.body();
  await w.db.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, '1w', day at time zone 'UTC', day::date, close, close, close, close, 1000, day at time zone 'UTC', 'test', $2, $3
     from (values ('2020-01-06'::timestamp, 100.0), ('2020-01-13', 101), ('2020-01-20', 20), ('2020-01-27', 20.2)) as week (day, close)`,
    [id, body, w.runId],
  );
  t.match((await w.validate(id)).get("price_split_consistent"), { checked: 4, failed: 1, dates: ["2020-01-20"] }, "weekly bars are judged where there are no daily ones");
});

t.test("price_level_shift", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, change: (bar: Bar, i: number) => Bar, dividend?: number) => {
    const id = await w.instrument(symbol);
    const bars = wobble(60).map(change);
    await w.bars(id, bars);
    if (dividend !== undefined) await w.action(id, "dividend", bars[50]?.date ?? "", dividend);
    return { ...(await w.validate(id)).get("price_level_shift"), date: bars[50]?.date };
  };
  const shifted = (bar: Bar, i: number) => (i < 50 ? bar : { ...bar, close: (bar.close ?? 0) * 0.65 });
  const found = await said("A", shifted);
  t.match(found, { failed: 1, dates: [found.date], messages: [/opens and closes at another level, -3\d\.\d % from the close before/] }, "35 percent lower overnight, and on");
  t.match(await said("B", shifted, 35), { failed: 0 }, "a dividend on record");
  t.match(await said("C", (bar, i) => (i === 50 ? { ...shifted(bar, i), volume: 9000 } : shifted(bar, i))), { failed: 0 }, "news brings trading");
  t.match(await said("D", (bar, i) => (i === 50 ? { ...shifted(bar, i), open: 100 } : shifted(bar, i))), { failed: 0 }, "a fall during the day");
  t.match(await said("E", (bar) => bar), { status: "passed", checked: 60 });
});

t.test("bars that stick out in one thing", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, change: Partial<Bar>) => {
    const id = await w.instrument(symbol);
    const bars = wobble(90).map((bar, i) => (i === 80 ? { ...bar, ...change } : bar));
    await w.bars(id, bars);
    const outcomes = await w.validate(id);
    return { outcomes, date: bars[80]?.date };
  };
  const cases: [rule: string, wrong: Partial<Bar>, right: Partial<Bar>][] = [
    ["price_range_outlier", { high: 160 }, { high: 130 }],
    ["price_range_outlier", { low: 60 }, { high: 160, volume: 5000 }],
    ["price_tick_size", { open: 100.111, high: 101.111, low: 99.111, close: 100.123 }, { open: 100, high: 101, low: 99, close: 100.123 }],
    ["price_volume_collapse", { volume: 8 }, { volume: 100 }],
    ["price_volume_outlier", { volume: 200_000 }, { volume: 50_000 }],
  ];
  for (const [at, [rule, wrong, right]] of cases.entries()) {
    const bad = await said(`BAD${at}`, wrong);
    t.match(bad.outcomes.get(rule), { status: "failed", checked: 90, failed: 1, dates: [bad.date] }, `${rule}: ${JSON.stringify(wrong)}`);
    const good = await said(`GOOD${at}`, right);
    t.match(good.outcomes.get(rule), { status: "passed", checked: 90 }, `${rule}: ${JSON.stringify(right)}`);
  }
});

t.test("price_bar_repeated and price_not_future", async (t) => {
  const w = await world(t);
  const id = await w.instrument("TWICE");
  const bars = wobble(10);
  const copy = { ...(bars[4] as Bar), date: bars[5]?.date ?? null };
  await w.bars(id, bars.map((bar, i) => (i === 5 ? copy : i === 7 ? { ...(bars[6] as Bar), date: bar.date, volume: 77 } : bar)));
  const outcomes = await w.validate(id);
  t.match(outcomes.get("price_bar_repeated"), { failed: 1, dates: [bars[5]?.date] }, "the same prices and volume, but not the same prices with another volume");
  t.match(outcomes.get("price_not_future"), { status: "passed", checked: 10 });
  const future = await w.instrument("FUTURE");
  await w.bars(future, [{ date: "2020-01-02" }, { date: "2199-01-03" }]);
  t.match((await w.validate(future)).get("price_not_future"), { failed: 1, dates: ["2199-01-03"] });
});

t.test("a rule on bars that cannot be applied is named", async (t) => {
  const w = await world(t);
  const id = await w.instrument("A");
  await w.bars(id, wobble(3));
  await w.db.query(
    `create function quality.rule_price_broken(bar quality.judged_bar, p_parameters jsonb) returns quality.violation language sql stable parallel safe
     return case when 1 / (bar.volume - bar.volume) > 0 then quality.bar_violation(bar, '{}', '', '') end`,
  );
  await w.db.query("grant execute on function quality.rule_price_broken(quality.judged_bar, jsonb) to marketbase_worker");
  await w.db.query("select quality.define_rule('price_broken', 'price_data', 'prices', 'info', '{}', 'Broken.', 'Mend it.')");
  t.match(await w.db.refused("select quality.validate($1, array[$2::bigint])", [w.runId, id]), {
    code: "22012", message: /^Rule price_broken \(version [0-9a-f]{12}\) could not be applied: division by zero/,
  });
  await w.db.query("select quality.retire_rule('price_broken')");
  t.match((await w.validate(id)).get("price_spike"), { status: "passed", checked: 3 });
});
