import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { addBars, addInstrument, landBody, startRun, type Bar, type Id } from "../ml/fixture.ts";

const header = "portfolio,symbol,traded_at,side,quantity,price,fee,external_id";

async function trade(db: TestDatabase, run: Id, lines: readonly string[]): Promise<number> {
  const body = await landBody(db, run, "trades", [header, ...lines].join("\n"));
  return Number(await db.value<string>("select portfolio.record_trades($1, $2)", [run, body], "worker"));
}
const positions = async (db: TestDatabase, run: Id, name = "book", from: string | null = null) => Number(await db.value<string>("select portfolio.compute_positions($1, $2, $3)", [run, name, from], "worker"));
const metrics = async (db: TestDatabase, run: Id, name = "book") => Number(await db.value<string>("select portfolio.compute_metrics($1, $2)", [run, name], "worker"));

t.test("one trade after the other changes a position as the books say", async (t) => {
  const db = await testDatabase(t);
  const fold = (trades: readonly (readonly [string, number, number, number])[]) =>
    db.value<{ quantity: number; average_cost: number; realised_pnl: number }>(
      `select to_jsonb(portfolio.fold_trades(side, quantity, price, fee order by position))
       from jsonb_array_elements($1) with ordinality as element (value, position)
       cross join lateral (select value ->> 0 as side, (value -> 1)::numeric as quantity, (value -> 2)::numeric as price, (value -> 3)::numeric as fee) as trade`,
      [JSON.stringify(trades)], "reader",
    );
  t.same(await fold([["buy", 100, 10, 1]]), { quantity: 100, average_cost: 10, realised_pnl: -1 }, "a purchase; its fee is gone at once");
  t.same(await fold([["buy", 100, 10, 0], ["buy", 300, 14, 0]]), { quantity: 400, average_cost: 13, realised_pnl: 0 }, "adding moves the average");
  t.same(await fold([["buy", 100, 10, 0], ["sell", 40, 15, 2]]), { quantity: 60, average_cost: 10, realised_pnl: 198 }, "reducing realises, the average stays");
  t.same(await fold([["buy", 100, 10, 0], ["sell", 100, 12, 0]]), { quantity: 0, average_cost: 0, realised_pnl: 200 }, "closing");
  t.same(await fold([["sell", 50, 20, 0]]), { quantity: -50, average_cost: 20, realised_pnl: 0 }, "a short");
  t.same(await fold([["sell", 50, 20, 0], ["sell", 50, 22, 0]]), { quantity: -100, average_cost: 21, realised_pnl: 0 }, "adding to a short");
  t.same(await fold([["sell", 50, 20, 0], ["buy", 20, 15, 0]]), { quantity: -30, average_cost: 20, realised_pnl: 100 }, "covering a part of a short");
  t.same(await fold([["buy", 100, 10, 0], ["sell", 150, 12, 3]]), { quantity: -50, average_cost: 12, realised_pnl: 197 }, "from long through zero to short");
  t.same(await fold([["sell", 30, 10, 0], ["buy", 50, 8, 0]]), { quantity: 20, average_cost: 8, realised_pnl: 60 }, "from short through zero to long");
});

t.test("positions and performance of a small book, by hand", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  const [a, b] = [await addInstrument(db, "TESTA"), await addInstrument(db, "TESTB")];
  // A week: Monday 2018-06-04 to Friday 2018-06-08; no close of B on Wednesday.
  const week = ["2018-06-04", "2018-06-05", "2018-06-06", "2018-06-07", "2018-06-08"];
  await addBars(db, run, a, week.map((date, i) => ({ date, close: [10, 11, 12, 11, 9][i] as number })));
  await addBars(db, run, b, [week[0], week[1], week[3], week[4]].map((date, i) => ({ date: date as string, close: [50, 49, 52, 51][i] as number })));
  await db.query("select portfolio.define_portfolio('book', '2018-06-01', 10000)", [], "worker");
  t.equal(await trade(db, run, [
    "book,TESTA,2018-06-04T15:00:00Z,buy,100,10.50,1,T1",
    "book,TESTB,2018-06-05T15:00:00Z,sell,20,49.50,1,T2",
    "book,TESTA,2018-06-07T15:00:00Z,sell,100,11.20,,T3",
  ]), 3, "three trades");
  t.equal(await positions(db, run), 9, "five sessions of A, four of B");
  t.same(
    (await db.query<{ row: string }>("select concat_ws(' ', symbol, session_date, trim_scale(quantity), trim_scale(average_cost), price, trim_scale(market_value), trim_scale(realised_pnl), trim_scale(unrealised_pnl)) as row from portfolio.position order by symbol, session_date", [], "reader")).map(({ row }) => row),
    [
      "TESTA 2018-06-04 100 10.5 10 1000 -1 -50",
      "TESTA 2018-06-05 100 10.5 11 1100 -1 50",
      "TESTA 2018-06-06 100 10.5 12 1200 -1 150",
      "TESTA 2018-06-07 0 0 11 0 69 0",
      "TESTA 2018-06-08 0 0 9 0 69 0",
      "TESTB 2018-06-05 -20 49.5 49 -980 -1 10",
      "TESTB 2018-06-06 -20 49.5 49 -980 -1 10",
      "TESTB 2018-06-07 -20 49.5 52 -1040 -1 -50",
      "TESTB 2018-06-08 -20 49.5 51 -1020 -1 -30",
    ],
    "quantities, costs, the close or the one before it, profit after fees",
  );
  t.equal(await positions(db, await startRun(db)), 0, "again: nothing");

  t.equal(await metrics(db, run), 5 * 12, "twelve metrics for each of five sessions");
  const series = await db.query<{ session_date: string; net_asset_value: number; daily_return: number; drawdown: number; cash: number }>("select * from portfolio.performance order by session_date", [], "reader");
  t.same(series.map((row) => row.net_asset_value), [9949, 10058, 10158, 10018, 10038], "net asset value");
  t.same(series.map((row) => row.cash), [8949, 9938, 9938, 11058, 11058], "cash");
  t.same(series.map((row) => row.daily_return), [9949 / 10000 - 1, 10058 / 9949 - 1, 10158 / 10058 - 1, 10018 / 10158 - 1, 10038 / 10018 - 1], "daily returns; the first one since inception");
  t.same(series.map((row) => row.drawdown), [9949 / 10000 - 1, 0, 0, 10018 / 10158 - 1, 10038 / 10158 - 1], "drawdown; inception is a peak");
  t.equal(
    await db.value("select count(*)::int from portfolio.valuations((portfolio.find_portfolio('book')).portfolio_id) v where net_asset_value <> 10000 + (select sum(realised_pnl + unrealised_pnl) from portfolio.portfolio_position p where p.session_date = v.session_date)"),
    0, "value = initial cash + profit, to the cent",
  );
  t.equal(await metrics(db, await startRun(db)), 0, "again: nothing");

  // A corrected close changes that session, a late trade all from its session on.
  const second = await startRun(db);
  await db.query("update market.price_data set open = 11.5, high = 11.5, low = 11.5, close = 11.5 where instrument_id = $1 and session_date = '2018-06-05'", [a]);
  t.equal(await positions(db, second, "book", "2018-06-05"), 1, "one position follows the corrected close");
  t.equal(await db.value("select run_id from portfolio.portfolio_position where instrument_id = $1 and session_date = '2018-06-05'", [a]), second, "and says in which run");
  t.ok(await metrics(db, second) > 0);
  t.equal(await trade(db, second, ["book,TESTB,2018-06-07T15:00:00Z,buy,20,52.00,0,T4"]), 1);
  t.equal(await positions(db, second), 2, "the two sessions after the late trade");
  t.equal(await db.value("select trim_scale(realised_pnl)::text from portfolio.portfolio_position where instrument_id = $1 and session_date = '2018-06-08'", [b]), "-51");

  // With everything sold, prices end with the last bar of any instrument; with B held, with its own last bar.
  await db.query("insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id) select instrument_id, ts + interval '3 days', session_date + 3, open, high, low, close, volume, known_from + interval '3 days', provider, raw_response_id, run_id from market.price_data where instrument_id = $1 and session_date = '2018-06-08'", [a]);
  t.equal(await positions(db, second), 2, "another session, for both");
  t.equal(await trade(db, second, ["book,TESTB,2018-06-08T15:00:00Z,buy,1,51,0,T5"]), 1);
  t.equal(await positions(db, second), 3, "while B is held: the session without its close is taken away, and B of Friday changed");
  t.equal(await db.value("select max(session_date)::text from portfolio.portfolio_position"), "2018-06-08", "no value is made up");
  t.ok(await metrics(db, second) > 0);
  t.equal(await db.value("select max(session_date)::text from portfolio.performance_metric"), "2018-06-08");

  t.match(await db.refused("select portfolio.compute_positions($1, 'nobody')", [run]), { code: "MB003", hint: /book/ });
  t.match(await db.refused("select portfolio.compute_metrics($1, 'nobody')", [run]), { code: "MB003" });
  t.match(await db.refused("select portfolio.compute_metrics($1, 'book')", [run], "analyst"), { code: "42501" });
  await addInstrument(db, "TESTC");
  await trade(db, run, ["book,TESTC,2018-06-05T15:00:00Z,buy,1,1,0,T6"]);
  t.match(await db.refused("select portfolio.compute_positions($1, 'book')", [run]), { code: "MB007", message: /TESTC was traded on 2018-06-05/ }, "a trade without any close");
});

interface SampleBar extends Bar {
  readonly low: number;
  readonly high: number;
}

function sampleBars(file: string, names: readonly [string, string, string, string]): SampleBar[] {
  const [first, ...lines] = readFileSync(join(repositoryRoot, "node_modules", file), "utf8").trim().split("\n").map((line) => line.trim().split(","));
  const [date, low, high, close] = names.map((name) => (first as string[]).indexOf(name)) as [number, number, number, number];
  return lines.map((line) => ({ date: line[date] as string, low: Number(line[low]), high: Number(line[high]), close: Number(line[close]) }));
}

t.test("the demo portfolio", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  const csv = readFileSync(join(repositoryRoot, "db/samples/demo-trades.csv"), "utf8");
  const bars: Record<string, SampleBar[]> = {
    AAPL: sampleBars("@observablehq/sample-datasets/aapl.csv", ["Date", "Low", "High", "Close"]),
    "^GSPC": sampleBars("vega-datasets/data/sp500-2000.csv", ["date", "low", "high", "close"]),
  };
  const trades = csv.trim().split("\n").slice(1).map((line) => line.split(","));
  for (const [, symbol, at, , , price, , id] of trades as [string, string, string, string, string, string, string, string][]) {
    const bar = (bars[symbol] as SampleBar[]).find(({ date }) => date === at.slice(0, 10));
    t.ok(bar !== undefined && Number(price) >= bar.low && Number(price) <= bar.high, `${id}: ${price} lies within the day's range of ${symbol}`);
  }

  for (const [symbol, series] of Object.entries(bars)) {
    const instrument = await addInstrument(db, symbol);
    await addBars(db, run, instrument, series.filter(({ date }) => date >= "2013-05-13"));
  }
  const body = await landBody(db, run, "trades", csv);
  t.equal(await db.value("select portfolio.record_trades($1, $2)", [run, body], "worker"), String(trades.length), "every line is a trade");
  t.equal(await db.value("select portfolio.record_trades($1, $2)", [run, body], "worker"), "0", "again: nothing");
  t.ok(await positions(db, run, "demo") > 2000);
  t.equal(await positions(db, run, "demo"), 0);
  t.ok(await metrics(db, run, "demo") > 10_000);
  t.equal(await metrics(db, run, "demo"), 0);
  t.equal(await db.value("select max(session_date)::text from portfolio.performance where portfolio = 'demo'"), "2018-05-11", "valued until the bars of Apple end");

  // The metrics of the last session are those of the pure functions on all returns.
  const [last] = await db.query<Record<string, number>>("select * from portfolio.performance where portfolio = 'demo' order by session_date desc limit 1");
  const [pure] = await db.query<Record<string, number>>(`
    with returns as (select array_agg(daily_return order by session_date) as r from portfolio.performance where portfolio = 'demo')
    select
      portfolio.cumulative_return(r) as cumulative_return, portfolio.annualised_return(r) as annualised_return,
      portfolio.annualised_volatility(r) as annualised_volatility, portfolio.downside_deviation(r) as downside_deviation,
      portfolio.sharpe_ratio(r) as sharpe_ratio, portfolio.sortino_ratio(r) as sortino_ratio,
      portfolio.max_drawdown(r) as max_drawdown, portfolio.calmar_ratio(r) as calmar_ratio
    from returns`);
  for (const [name, value] of Object.entries(pure as Record<string, number>)) {
    t.ok(Math.abs(value - (last?.[name] as number)) < 1e-10, `${name} by session ${last?.[name]} is that of the returns, ${value}`);
  }
  t.equal(await db.value("select min(cash) > 0 from portfolio.performance where portfolio = 'demo'"), true, "never more spent than there is");
});
