import t from "tap";
import { testDatabase } from "../support/database.ts";

t.test("backtests of value at risk, against published figures", async (t) => {
  const db = await testDatabase(t);
  const kupiec = (exceptions: number, observations: number, confidence: number) =>
    db.value<number | null>("select risk.kupiec($1, $2, $3)", [exceptions, observations, confidence], "reader");

  // Jorion (2007), Value at Risk, chapter 6: J.P. Morgan in 1998, 20 exceptions in 252 days at 95 %.
  t.equal((await kupiec(20, 252, 0.95))?.toFixed(2), "3.91");
  // Kupiec (1995), as printed by Jorion: how many exceptions do not reject the model at 5 %.
  for (const [confidence, observations, least, most] of [
    [0.99, 510, 2, 10], [0.99, 1000, 5, 16], [0.95, 255, 7, 20], [0.95, 510, 17, 35], [0.95, 1000, 38, 64], [0.9, 255, 17, 35],
  ] as const) {
    const accepted = await db.query<{ n: number }>(
      "select n from generate_series(0, $1::int) as n where risk.kupiec(n, $1, $2) < 3.841 order by n",
      [observations, confidence],
    );
    t.same([accepted[0]?.n, accepted.at(-1)?.n], [least, most], `${observations} days at ${confidence}`);
  }
  t.equal(await kupiec(0, 250, 0.99), 2 * 250 * Math.log(1 / 0.99));
  for (const [x, n, c] of [[1, 0, 0.99], [3, 2, 0.99], [1, 10, 1], [1, 10, 0]] as const) t.equal(await kupiec(x, n, c), null);

  // Jorion (2007), the same case: 14 exceptions after a day without, 6 after another exception.
  const runs = [...Array<number>(6).fill(2), ...Array<number>(8).fill(1)];
  const days = [...runs.flatMap((length) => [...Array<boolean>(15).fill(false), ...Array<boolean>(length).fill(true)]), ...Array<boolean>(22).fill(false), false];
  t.equal((await db.value<number>("select risk.christoffersen($1)", [days], "reader")).toFixed(2), "9.53");
  t.equal(await db.value("select risk.christoffersen(array_fill(false, array[250]))"), 0);
  t.equal(await db.value("select risk.christoffersen(array[true])"), null);

  // Basel Committee (1996), table 2: 250 days at 99 %.
  const zones = await db.query<{ n: number; zone: string }>("select n, risk.traffic_light(n, 250, 0.99) as zone from generate_series(0, 12) as n order by n", [], "reader");
  t.same(zones.map(({ zone }) => zone), [...Array<string>(5).fill("green"), ...Array<string>(5).fill("yellow"), ...Array<string>(3).fill("red")]);
  t.equal(await db.value("select risk.traffic_light(3, 2, 0.99)"), null);
});
