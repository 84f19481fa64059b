import t from "tap";
import { world, type World } from "../support.ts";

/** Stores a portfolio whose values at risk of one session are followed by losses beyond them where `exceptions` says so. */
async function backtest(w: World, name: string, confidence: number, exceptions: readonly boolean[]): Promise<void> {
  await w.db.query(
    `with book as (
      insert into portfolio.portfolio (name, base_currency, initial_cash, inception_date) values ($1, 'USD', 1000, '2020-01-01') returning portfolio_id
    ),
    metric as (
      insert into portfolio.performance_metric (portfolio_id, session_date, metric, value, observation_count, run_id)
      select book.portfolio_id, date '2020-01-01' + day.place::integer, 'daily_return', case when day.is_exception then -0.05 else 0.001 end, 10, $4
      from book, unnest(array_prepend(false, $3::boolean[])) with ordinality as day (is_exception, place)
    )
    insert into risk.var_calculation (portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall,
      portfolio_value, run_id)
    select portfolio_id, date '2020-01-01' + n, 'historical', $2, 1, 500, 500, 0.02, 0.03, 1000, $4
    from book, generate_series(1, cardinality($3::boolean[])) as n`,
    [name, confidence, exceptions, w.runId],
  );
}

/** So many exceptions among so many sessions, never two in a row. */
const spread = (count: number, of: number) => Array.from({ length: of }, (_, i) => i % 2 === 0 && i / 2 < count);

t.test("backtests of value at risk are validation results, against published figures", async (t) => {
  const w = await world(t);
  const look = async () => w.db.query("select rule, status, checked_count::int as checked, failed_count::int as failed, message, instrument_id from quality.validate($1, '{}', null, '{var_calculation}')", [w.runId], "worker");
  const found = async (rule: string) =>
    w.db.query<{ portfolio: string; key: object; observed: Record<string, number>; message: string }>(
      "select key ->> 'portfolio' as portfolio, key, observed, message from quality.finding where rule = $1 and state in ('open', 'reopened') order by 1", [rule], "reader");

  await backtest(w, "short", 0.99, spread(40, 249));
  t.match(await look(), ["var_exceptions_independent", "var_exceptions_kupiec", "var_traffic_light"].map((rule) => ({ rule, status: "not_applicable", checked: 0, instrument_id: null })), "less than a year is not tested");

  // Basel Committee (1996), table 2: 250 days at 99 %, green up to 4, yellow up to 9.
  await backtest(w, "green", 0.99, spread(4, 250));
  t.match((await look()).find(({ rule }) => rule === "var_traffic_light"), { status: "passed", checked: 1, message: "1 checked, none failed." });
  await backtest(w, "yellow", 0.99, spread(5, 250));
  t.match((await look()).find(({ rule }) => rule === "var_traffic_light"), { status: "warned", checked: 2, failed: 1, message: /^1 of 2 warned\. First: yellow, / });
  await backtest(w, "red", 0.99, spread(10, 250));
  t.match((await look()).find(({ rule }) => rule === "var_traffic_light"), { status: "failed", checked: 3, failed: 2, message: /^2 of 3 failed\. First: / });
  t.match(await found("var_traffic_light"), [
    {
      portfolio: "red", key: { portfolio: "red", method: "historical", confidence: 0.99, window_days: 500 },
      observed: { exceptions: 10, expected_exceptions: 2.5, sessions: 250, zone: "red" },
      message: "red, historical value at risk at 0.99 over 500 days: 10 exceptions in the 250 sessions from 2020-01-03 to 2020-09-08, 2.5 expected; zone red.",
    },
    { portfolio: "yellow", observed: { exceptions: 5, zone: "yellow" } },
  ]);

  // Jorion (2007), chapter 6: J.P. Morgan in 1998, 20 exceptions in 252 days at 95 %, rejected at 5 % and not at 1 %.
  await backtest(w, "jpm", 0.95, spread(20, 252));
  await look();
  t.match((await found("var_exceptions_kupiec")).find(({ portfolio }) => portfolio === "jpm"), {
    observed: { exceptions: 20, expected_exceptions: 12.6, sessions: 252 },
    message: /20 exceptions in the 252 sessions .*, 12\.6 expected; Kupiec: likelihood ratio 3\.91, p 0\.0479\.$/,
  });
  t.same((await found("var_exceptions_kupiec")).map(({ portfolio }) => portfolio), ["jpm", "red"], "5 of 250 at 99 % do not reject the model");

  // Jorion, the same case: 14 exceptions after a day without, 6 after another; and none of the above comes in bunches.
  t.same(await found("var_exceptions_independent"), []);
  const runs = [...Array<number>(6).fill(2), ...Array<number>(8).fill(1)];
  await backtest(w, "bunched", 0.95, [...runs.flatMap((length) => [...Array<boolean>(15).fill(false), ...Array<boolean>(length).fill(true)]), ...Array<boolean>(23).fill(false)]);
  t.match((await look())[0], { rule: "var_exceptions_independent", status: "failed", checked: 5, failed: 1 });
  t.match(await found("var_exceptions_independent"), [{ portfolio: "bunched", observed: { in_a_row: 6, likelihood_ratio: 9.5296 }, message: /6 followed another at once, Christoffersen: likelihood ratio 9\.53, p 0\.0020\.$/ }]);

  // A later look that finds the model right resolves it; the key does not depend on the sessions.
  await w.db.query("update risk.var_calculation set value_at_risk = 0.06, expected_shortfall = 0.07 where portfolio_id = (select portfolio_id from portfolio.portfolio where name = 'red')");
  await look();
  t.same((await found("var_traffic_light")).map(({ portfolio }) => portfolio), ["bunched", "jpm", "yellow"], "red is green again");
  t.equal(await w.db.value("select count(*)::int from quality.held_back"), 0, "and no instrument is held back by it");
});
