import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addInstrument, landBody, startRun } from "../ml/fixture.ts";

const header = "portfolio,symbol,traded_at,side,quantity,price,fee,external_id";
const good = "book,TESTA,2018-06-04T15:00:00Z,buy,100,10.50,1,T1";

t.test("portfolio.record_trades stores all of a body or nothing", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  await addInstrument(db, "TESTA");
  await db.query("select portfolio.define_portfolio('book', '2018-06-01', 10000)", [], "worker");
  const record = async (body: string) => db.value<string>("select portfolio.record_trades($1, $2)", [run, await landBody(db, run, "trades", body)], "worker");
  const refused = async (body: string) => db.refused("select portfolio.record_trades($1, $2)", [run, await landBody(db, run, "trades", body)], "worker");

  t.match(await refused(""), { code: "MB004", message: /empty/ }, "an empty file");
  t.match(await refused("<html><body>Not found</body></html>"), { code: "MB005" }, "a page instead of a file");
  t.match(await refused(`${header.replace("quantity", "amount")}\n${good}`), { code: "MB005", message: /no column quantity; its columns are portfolio, symbol/ }, "a missing column");

  const wrong: [string, RegExp][] = [
    [good.replace("buy", "hold"), /line 2 .*side "hold" is neither buy nor sell/],
    [good.replace(",100,", ",-5,"), /quantity "-5"/],
    [good.replace(",100,", ",0,"), /quantity "0"/],
    [good.replace(",100,", ",1e400,"), /quantity "1e400"/],
    [good.replace("10.50", "NaN"), /price "NaN"/],
    [good.replace(",1,T1", ",x,T1"), /fee "x"/],
    [good.replace("2018-06-04T15:00:00Z", "2018-06-04 15:00"), /traded_at "2018-06-04 15:00" is not a time with its zone/],
    [good.replace("2018-06-04T15:00:00Z", "2018-13-04T15:00:00Z"), /traded_at/],
    [good.replace("2018-06-04T15:00:00Z", "yesterday"), /traded_at/],
    [good.replace("2018-06-04", "2099-06-04"), /lies in the future/],
    [good.replace("2018-06-04", "2018-05-31"), /before the inception/],
    [good.replace("2018-06-04", "2018-06-09"), /no session on 2018-06-09/],
    [good.replace(/T1$/, ""), /external_id is missing/],
    [good.replace("book,", ","), /portfolio is missing/],
    [`${good},more`, /9 fields where the header has 8/],
    [`${good}\n${good}`, /external_id T1 stands there twice/],
  ];
  for (const [line, message] of wrong) t.match(await refused(`${header}\n${line}`), { code: "MB004", message }, `${message}`);
  t.match(await refused(`${header}\n${good.replace("TESTA", "TESTB")}`), { code: "MB002", hint: /TESTA/ }, "an unknown symbol");
  t.match(await refused(`${header}\n${good.replace("book", "nobody")}`), { code: "MB003", hint: /book/ }, "an unknown portfolio");
  t.match(await refused(`${header}\n${good}\n${good.replace("T1", "T2").replace("buy", "hold")}`), { code: "MB004", message: /line 3/ }, "one bad line among good ones");
  t.match(await refused(`${header}\nbook,TESTA,2018-06-04T15:00:00Z,buy,1,1,0,'; drop table portfolio.trade; --${"x".repeat(3)}\nbook,TESTA,2018-06-04T15:00:00Z,buy,1,$$,0,T9`), { code: "MB004" }, "hostile text");
  t.equal(await db.value("select count(*)::int from portfolio.trade"), 0, "nothing was recorded");

  t.equal(await record(`${header}\n${good}`), "1", "a trade");
  t.equal(await record(`${header}\r\n${good}\r\n`), "0", "the same trade again, with other line ends");
  t.equal(await record(`External_ID,fee,price,quantity,side,traded_at,symbol,portfolio\n"T2",,"11",5,SELL,2018-06-05T10:00:00-04:00,testa,"book"\nT1,1,10.5,100,buy,2018-06-04T17:00:00+02:00,TESTA,book`), "1", "columns in another order, quotes, capitals, other zones");
  t.match(await refused(`${header}\n${good.replace("10.50", "10.60")}`), { code: "MB004", message: /recorded already, with other terms/ }, "another price for a trade that is recorded");
  const [second] = await db.query("select side, quantity, price, fee, session_date::text as session_date, currency, traded_at, raw_response_id is not null as has_source from portfolio.trade where external_id = 'T2'");
  t.match(second, { side: "sell", quantity: "5", price: "11", fee: "0", session_date: "2018-06-05", currency: "USD", has_source: true });

  t.match(await db.refused("update portfolio.trade set price = 1"), { code: "MB006" }, "trades do not change");
  t.match(await db.refused("select portfolio.record_trades($1, 1)", [run], "analyst"), { code: "42501" }, "only the worker records");
  t.match(await db.refused("select portfolio.define_portfolio('book', '2018-06-01', 5)"), { code: "MB008" }, "the terms of a portfolio do not change");
  t.match(await db.refused("select portfolio.define_portfolio('new', '2018-06-01', -5)"), { code: "MB001" });
});
