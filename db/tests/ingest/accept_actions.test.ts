import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { bring, openRun, yahooChart, type Normalisation } from "./bodies.ts";

const days = ["2024-02-08", "2024-02-09", "2024-06-07", "2024-06-10", "2024-06-11"];

/** A page of dividends or splits, as Polygon sends it. */
async function polygon(db: TestDatabase, run: string, results: readonly object[], fetchedAt: string, subject = "DUO"): Promise<Normalisation> {
  return await bring(db, run, { provider: "polygon", dataset: "bars", subject, body: JSON.stringify({ status: "OK", results: results.map((item) => ({ ticker: subject, ...item })) }), fetchedAt });
}

/** A chart of Yahoo with the same bars each time, which lists all splits and dividends of its days. */
async function yahoo(db: TestDatabase, run: string, dividends: readonly number[], splits: readonly number[], fetchedAt: string, subject = "DUO"): Promise<Normalisation> {
  return await bring(db, run, {
    provider: "yahoo", dataset: "bars", subject, url: `https://query1.finance.yahoo.com/v8/finance/chart/${subject}?events=div,split`, fetchedAt,
    body: yahooChart(subject, days.filter((day) => day < fetchedAt.slice(0, 10)).map((day) => [day, 25]), {
      dividends: dividends.map((amount) => ({ day: "2024-02-09", amount })),
      splits: splits.map((numerator) => ({ day: "2024-06-10", numerator, denominator: 1 })),
    }),
  });
}

t.test("two providers that report one split and one dividend: priority decides, in one basis, and nothing is said twice", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const current = (symbol = "DUO") => db.query(
    `select action_type as type, amount::float8, version, provider, known_from::date::text as from from market.corporate_action
     join market.instrument using (instrument_id) where symbol = $1 order by 1`, [symbol]);
  const observed = () => db.query("select provider, action_type as type, amount::float8, known_from::date::text as from from market.corporate_action_observation order by known_from, type, provider");
  const perShare = () => db.value<number>("select amount from market.known_actions(market.instrument_id('DUO')) where action_type = 'dividend'", [], "reader");
  const dividend = (cash_amount: number) => ({ ex_dividend_date: "2024-02-09", cash_amount, currency: "USD" });

  await polygon(db, run, [{ execution_date: "2024-06-10", split_from: 1, split_to: 4 }], "2024-07-01T00:00:00Z");
  await polygon(db, run, [dividend(0.8)], "2024-07-02T00:00:00Z");
  const split = { type: "split", amount: 4, version: 1, provider: "polygon", from: "2024-06-10" };
  const first = [{ type: "dividend", amount: 0.8, version: 1, provider: "polygon", from: "2024-02-09" }, split];
  t.same(await current(), first);

  t.match(await yahoo(db, run, [0.2], [4], "2024-08-01T12:00:00Z"), { actions: 2, actionsChanged: 0 }, "0.20 per share after the split is 0.80 before it");
  t.same(await current(), first, "one split and one dividend");
  t.same(await observed(), [{ provider: "yahoo", type: "dividend", amount: 0.2, from: "2024-08-01" }, { provider: "yahoo", type: "split", amount: 4, from: "2024-08-01" }]);

  t.match(await polygon(db, run, [dividend(0.81)], "2024-08-02T00:00:00Z"), { rows: 1, changed: 0, actionsChanged: 0 }, "a worse provider does not change what a better one confirmed");
  t.match(await yahoo(db, run, [0.21], [4], "2024-08-03T12:00:00Z"), { actionsChanged: 1 });
  t.same(await current(), [{ type: "dividend", amount: 0.21, version: 2, provider: "yahoo", from: "2024-08-03" }, split]);
  t.equal(await perShare(), 0.84);
  t.match(await yahoo(db, run, [0.2], [4], "2024-07-15T12:00:00Z"), { actionsChanged: 0 }, "of one provider the newer body counts");
  t.match(await polygon(db, run, [dividend(0.82)], "2024-08-04T00:00:00Z"), { actionsChanged: 0 }, "the lower priority does not become current");

  t.match(await yahoo(db, run, [], [4], "2024-09-01T12:00:00Z"), { actions: 1, actionsChanged: 1 });
  t.same(await current(), [{ type: "dividend", amount: 0.82, version: 3, provider: "polygon", from: "2024-09-01" }, split], "the word of the other provider is left");
  t.match(await polygon(db, run, [dividend(0.83)], "2024-09-02T00:00:00Z"), { rows: 1, changed: 1, actionsChanged: 1 }, "whom nobody contradicts any more");

  await bring(db, run, { provider: "csv", dataset: "actions", subject: "DUO", url: "file:a?symbol=DUO", body: "ex_date,type,amount\n2024-02-09,dividend,0.9", fetchedAt: "2024-03-01T00:00:00Z" });
  t.same((await current())[0], { type: "dividend", amount: 0.9, version: 5, provider: "csv", from: "2024-09-02" }, "the better provider decides whenever its body came");
  const before = await observed();
  await yahoo(db, run, [], [4], "2024-09-03T12:00:00Z");
  await polygon(db, run, [dividend(0.83)], "2024-09-04T00:00:00Z");
  t.same(await observed(), before, "what was said before is not written again");
  t.match(await db.refused("delete from market.corporate_action_observation"), { code: "MB006" });

  // A provider that takes back what it said beside another one does not come into its place.
  await yahoo(db, run, [0.9 / 4], [4], "2024-10-01T12:00:00Z");
  await yahoo(db, run, [], [4], "2024-10-02T12:00:00Z");
  t.same((await observed()).slice(-2).map(({ provider, amount }) => [provider, amount]), [["yahoo", 0.225], ["yahoo", null]]);
});

t.test("a split changes no dividend before it; the same number in other shares is a change", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const versions = () => db.query("select amount::float8, version from market.corporate_action_version where action_type = 'dividend' order by version");
  const perShare = () => db.value<number>("select amount from market.known_actions(market.instrument_id('ONE')) where action_type = 'dividend'", [], "reader");
  await yahoo(db, run, [0.123457], [], "2024-03-01T12:00:00Z", "ONE");
  t.match(await yahoo(db, run, [0.030864], [4], "2024-08-01T12:00:00Z", "ONE"), { actions: 2, actionsChanged: 1 }, "the split is new, the dividend is what it was, but for the sixth decimal");
  t.same(await versions(), [{ amount: 0.123457, version: 1 }]);
  t.equal(await perShare(), 0.123457);
  t.match(await yahoo(db, run, [0.123457], [4], "2024-08-02T12:00:00Z", "ONE"), { actionsChanged: 1 });
  t.same(await versions(), [{ amount: 0.123457, version: 1 }, { amount: 0.123457, version: 2 }]);
  t.equal(await perShare(), 0.493828);
});

t.test("what a body that lists all actions of its days no longer lists was cancelled", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const left = (symbol: string) => db.query("select action_type as type, ex_date::text as day, known_from::date::text as from from market.corporate_action join market.instrument using (instrument_id) where symbol = $1 order by 2, 1", [symbol]);

  // Tiingo: divCash and splitFactor stand in each row.
  const tiingo = (rows: Record<string, readonly [dividend: number, split: number] | undefined>, fetchedAt: string) => bring(db, run, {
    provider: "tiingo", dataset: "bars", subject: "TII", url: "https://api.tiingo.com/tiingo/daily/TII/prices?resampleFreq=daily", fetchedAt,
    body: JSON.stringify(Object.entries(rows).map(([day, said]) => ({ date: `${day}T00:00:00.000Z`, open: 10, high: 10, low: 10, close: 10, adjClose: 10, volume: 5, ...(said === undefined ? {} : { divCash: said[0], splitFactor: said[1] }) }))),
  });
  await tiingo({ "2024-03-06": [0.5, 1], "2024-03-07": [0, 1], "2024-03-08": [0, 2], "2024-03-11": [0.5, 1], "2024-03-12": [0.25, 1] }, "2024-03-13T00:00:00Z");
  t.same((await left("TII")).map(({ type, day, from }) => `${type} ${day} ${from}`), [
    "dividend 2024-03-06 2024-03-06", "split 2024-03-08 2024-03-08", "dividend 2024-03-11 2024-03-11", "dividend 2024-03-12 2024-03-12",
  ], "a first body is known from the days themselves");
  t.match(await tiingo({ "2024-03-06": [0, 1], "2024-03-08": [0, 1], "2024-03-11": undefined, "2024-03-12": [0.25, 1] }, "2024-03-14T00:00:00Z"), { rows: 4, changed: 0, actions: 1, actionsChanged: 2 });
  t.same((await left("TII")).map(({ type, day }) => `${type} ${day}`), ["dividend 2024-03-11", "dividend 2024-03-12"], "a row without the two fields says nothing of its day");
  await tiingo({ "2024-03-07": [0, 1], "2024-03-12": [0.25, 1], "2024-03-13": [0, 1] }, "2024-03-15T00:00:00Z");
  t.equal((await left("TII")).length, 2, "neither does a day without a row");
  await tiingo({ "2024-03-07": [0.1, 1], "2024-03-08": [0, 1] }, "2024-03-16T00:00:00Z");
  t.same((await left("TII"))[0], { type: "dividend", day: "2024-03-07", from: "2024-03-16" }, "what earlier bodies should have listed is known from the one that does");

  // Alpha Vantage: the daily adjusted series.
  const alpha = (dividend: string, fetchedAt: string) => bring(db, run, {
    provider: "alphavantage", dataset: "bars", subject: "ALP", fetchedAt,
    body: JSON.stringify({
      "Meta Data": { "2. Symbol": "ALP", "3. Last Refreshed": "2024-01-04", "5. Time Zone": "US/Eastern" },
      "Time Series (Daily)": Object.fromEntries(["2024-01-03", "2024-01-04"].map((day) => [day, {
        "1. open": "10", "2. high": "10", "3. low": "10", "4. close": "10", "5. adjusted close": "10", "6. volume": "1", "7. dividend amount": day === "2024-01-03" ? dividend : "0.0000", "8. split coefficient": "1.0",
      }])),
    }),
  });
  await alpha("0.5000", "2024-01-05T00:00:00Z");
  t.equal((await left("ALP")).length, 1);
  t.match(await alpha("0.0000", "2024-01-06T00:00:00Z"), { actionsChanged: 1 });
  t.equal((await left("ALP")).length, 0);

  // Polygon: a page that is the whole answer.
  await bring(db, run, { provider: "polygon", dataset: "bars", subject: "POL", url: "https://api.polygon.io/v2/aggs/ticker/POL/range/1/day/2020-01-01/2024-12-31", body: JSON.stringify({ ticker: "POL", status: "OK", results: [{ t: 1704171600000, o: 1, h: 1, l: 1, c: 1, v: 1 }] }), fetchedAt: "2024-06-01T00:00:00Z" });
  const split = (day: string) => ({ execution_date: day, split_from: 1, split_to: 2, ticker: "POL" });
  const page = (query: string, results: readonly object[], fetchedAt: string, more: object = {}, path = "splits") => bring(db, run, {
    provider: "polygon", dataset: "bars", subject: "POL", url: `https://api.polygon.io/v3/reference/${path}?${query}`, body: JSON.stringify({ status: "OK", results, ...more }), fetchedAt,
  });
  const all = "ticker=POL&limit=1000";
  await page(all, [split("2022-03-01"), split("2024-01-02")], "2024-06-01T00:01:00Z");
  const both = [{ type: "split", day: "2022-03-01", from: "2022-03-01" }, { type: "split", day: "2024-01-02", from: "2024-01-02" }];
  t.same(await left("POL"), both, "bars came before the actions, and made none of them late");
  for (const [why, query, results, more, path] of [
    ["a page of many", all, [split("2024-01-02")], { next_url: "https://api.polygon.io/v3/reference/splits?cursor=abc" }, "splits"],
    ["the last of many", "cursor=abc", [split("2024-01-02")], {}, "splits"],
    ["a full page", "ticker=POL&limit=1", [split("2024-01-02")], {}, "splits"],
    ["a part by another condition", `${all}&reverse_split=true`, [split("2024-01-02")], {}, "splits"],
    ["a span that ends before", `${all}&execution_date.lte=2022-02-28`, [], {}, "splits"],
    ["all tickers", "limit=1000", [split("2024-01-02")], {}, "splits"],
    ["dividends", all, [], {}, "dividends"],
  ] as const) {
    await page(query, results, "2024-06-02T00:00:00Z", more, path);
    t.same(await left("POL"), both, why);
  }
  t.match(await page(`${all}&execution_date.gte=2022-01-01&execution_date.lte=2022-12-31`, [], "2024-06-03T00:00:00Z"), { outcome: "normalised", rows: 0, changed: 0, actionsChanged: 1 });
  t.same(await left("POL"), both.slice(1));
  t.match(await page(all, [], "2024-06-04T00:00:00Z"), { actionsChanged: 1 }, "an empty answer says that there are none");
  t.same(await left("POL"), []);
});
