import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, landBody, normals, startRun, weekdays } from "../ml/fixture.ts";

t.test("risk.compute_var takes today's holdings through the past", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  const days = weekdays("2017-01-02", 160);
  const normal = normals(5);
  const prices: number[][] = [[100], [40]];
  for (let i = 1; i < days.length; i++) {
    for (const series of prices) series.push((series[i - 1] as number) * (1 + 0.01 * normal()));
  }
  for (const [i, symbol] of ["TESTA", "TESTB"].entries()) {
    await addBars(db, run, await addInstrument(db, symbol), days.map((date, day) => ({ date, close: prices[i]?.[day] as number })));
  }
  await db.query("select portfolio.define_portfolio('book', '2017-01-02', 20000)", [], "worker");
  // A from day 120 on, B short from day 130 on; everything is closed on the day before the last.
  const sessions = [120, 130, 158].map((i) => days[i] as string);
  const body = await landBody(db, run, "trades", [
    "portfolio,symbol,traded_at,side,quantity,price,fee,external_id",
    `book,TESTA,${sessions[0]}T15:00:00Z,buy,100,100,0,T1`,
    `book,TESTB,${sessions[1]}T15:00:00Z,sell,50,40,0,T2`,
    `book,TESTA,${sessions[2]}T15:00:00Z,sell,100,100,0,T3`,
    `book,TESTB,${sessions[2]}T15:00:00Z,buy,50,40,0,T4`,
  ].join("\n"));
  const compute = (confidence: number, horizon: number, window: number, from: string | null = null) =>
    db.value<string>("select risk.compute_var($1, 'book', $2, $3, $4, $5)", [run, confidence, horizon, window, from], "worker");
  const refused = (name: string, confidence: unknown, horizon: unknown, window: unknown) => db.refused("select risk.compute_var($1, $2, $3, $4, $5)", [run, name, confidence, horizon, window], "worker");
  t.match(await refused("book", 0.9, 1, 100), { code: "MB007", message: /the most is 0/ }, "before there are positions");
  await db.query("select portfolio.record_trades($1, $2)", [run, body], "worker");
  await db.query("select portfolio.compute_positions($1, 'book')", [run], "worker");
  const closed = days.filter((_, i) => i >= 120 && i < 158).length;

  t.equal(await compute(0.9, 1, 100), String(closed), "every session at whose close something was held");
  t.equal(await compute(0.9, 1, 100), "0", "again: nothing");

  const expectation = (day: number, horizon: number, window: number) => {
    const cash = 20000 - 100 * 100 + (day >= 130 ? 50 * 40 : 0);
    const held = [100, day >= 130 ? -50 : 0];
    const value = cash + held.reduce((sum, quantity, i) => sum + quantity * (prices[i]?.[day] as number), 0);
    const returns: number[] = [];
    for (let past = day; past > day - window; past--) {
      returns.push(held.reduce((sum, quantity, i) => sum + (quantity * (prices[i]?.[day] as number) * ((prices[i]?.[past] as number) / (prices[i]?.[past - horizon] as number) - 1)) / value, 0));
    }
    returns.sort((x, y) => x - y);
    const at = (window - 1) * 0.1;
    const low = Math.floor(at + 1e-9);
    const quantile = (returns[low] as number) + (at - low) * ((returns[low + 1] as number) - (returns[low] as number));
    const tail = returns.filter((value) => value <= quantile + 1e-12);
    return { value, valueAtRisk: -quantile, shortfall: -tail.reduce((sum, value) => sum + value, 0) / tail.length };
  };
  await compute(0.9, 5, 80, days[140] as string);
  for (const [day, horizon, window] of [[120, 1, 100], [135, 1, 100], [157, 1, 100], [150, 5, 80]] as const) {
    const [row] = await db.query<Record<string, number>>("select * from risk.value_at_risk where portfolio = 'book' and session_date = $1 and horizon_days = $2", [days[day], horizon], "reader");
    const expected = expectation(day, horizon, window);
    t.ok(Math.abs((row?.["value_at_risk"] as number) - expected.valueAtRisk) < 1e-12, `day ${day}, ${horizon} sessions: value at risk ${row?.["value_at_risk"]}`);
    t.ok(Math.abs((row?.["expected_shortfall"] as number) - expected.shortfall) < 1e-12, `day ${day}, ${horizon} sessions: expected shortfall`);
    t.ok(Math.abs(Number(row?.["portfolio_value"]) - expected.value) < 1e-9, `day ${day}: the value of the portfolio, cash included`);
    t.equal(row?.["observation_count"], window);
  }
  t.equal(await db.value("select min(session_date)::text from risk.var_calculation where horizon_days = 5"), days[140], "from the session that was asked for");

  t.match(await refused("nobody", 0.9, 1, 100), { code: "MB003" });
  t.match(await refused("book", 0.9, 1, 158), { code: "MB007", message: /no session with 158 past returns.*the most is 157/ }, "a window longer than the past");
  t.match(await refused("book", 0.999, 1, 100), { code: "MB007", message: /a window of 1000/ }, "a window without a tail");
  for (const [confidence, horizon, window] of [[1, 1, 100], [0.9, 0, 100], [0.9, 1, 1], [null, 1, 100]] as const) {
    t.match(await refused("book", confidence, horizon, window), { code: "MB001" }, `confidence ${confidence}, horizon ${horizon}, window ${window}`);
  }
  t.match(await db.refused("select risk.compute_var($1, 'book')", [run], "analyst"), { code: "42501" });
});
