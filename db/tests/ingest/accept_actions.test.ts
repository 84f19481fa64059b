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
