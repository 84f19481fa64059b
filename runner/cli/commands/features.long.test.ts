import t from "tap";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomNumbers } from "../../../db/tests/feature/fixture.ts";
import { testDatabase } from "../../../db/tests/support/database.ts";
import { runCli } from "../../testing/cli.ts";

t.test("features drift, profile and probe on the command line", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(21);
  await defineSet(db, "drawn", { level: "close", shape: "close - close + 1" });
  const id = await addInstrument(bench, "AAA");
  // Half a year around 10, then a month around 20.
  await addBars(bench, id, Array.from({ length: 230 }, (_, i) => flatBar(dayAfter(i), (i < 200 ? 10 : 20) + random())));
  await compute(bench, "drawn", id);
  const env = { DATABASE_URL: db.url("admin") };
  const shown = await runCli(["features", "drift", "drawn", "--days", "29", "--threshold", "sessions_behind=off"], env);
  t.match(shown, { status: 3, stdout: /^feature +level +before +now +psi [^]*\nlevel +fail +200 +30 [^]*1 fail, 0 warn, 1 ok; stored in run \d+\.\n$/, stderr: /✓ compare two windows of drawn · 2 features/ });
  t.match(await runCli(["features", "drift", "drawn", "--current", "2020-01..", "--json"], env), { status: 2, stdout: "", stderr: /2020-01 is no date/ });
  const profile = await runCli(["features", "profile", "drawn", "--window", `..${dayAfter(199)}`, "--json"], env);
  t.equal(profile.status, 0, profile.stderr);
  t.match(JSON.parse(profile.stdout), [{ feature_name: "level", row_count: 200, null_count: 0, mean: 10.506516217350727 }, { feature_name: "shape", mean: 1, deviation: 0 }]);
  t.match(await runCli(["features", "profile", "drawn"], env), { status: 0, stdout: /^feature +vectors +nulls [^]*\nlevel +230 +0 / });

  await defineSet(db, "ranked", { place: "cs.rank(close)" });
  t.match(await runCli(["features", "probe", "ranked", "--all", "--samples", "6"], env), { status: 0, stdout: /^6 checked, none failed\. Seed 1, 6 times/ });
  t.match(await runCli(["features", "probe", "ranked", "--all", "--symbol", "AAA"], env), { status: 2, stdout: "", stderr: /--all and --symbol exclude each other/ });
});
