import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { addBars, addFeatureSet, addInstrument, addVectors, startRun, weekdays } from "../../../db/tests/ml/fixture.ts";
import { testDatabase, type TestDatabase } from "../../../db/tests/support/database.ts";
import { repositoryRoot } from "../../config/config.ts";
import { addWideSet } from "../../export/wide.fixture.ts";
import { runCli } from "../../testing/cli.ts";
import { temporaryFolder } from "../../testing/folder.ts";

t.test("marketbase export", async (t) => {
  const db = await testDatabase(t);
  await addWideSet(db, 35_000);
  const folder = temporaryFolder(t);
  const env = { DATABASE_URL: db.url("admin") };
  const file = (name: string) => join(folder, name);
  const leftovers = () => readdirSync(folder).filter((name) => name.includes(".partial"));

  t.match(await runCli(["export", "wide", "--out", file("wide.parquet")], env), { status: 0, stdout: /wide.parquet: 70000 rows/, stderr: /✓ export wide · 70000 rows/ });
  t.match(await runCli(["export", "wide", "--symbols", "aaa", "--as-of", "1990-01-02 00:12", "--out", file("then.csv")], env), { status: 0, stdout: /12 rows/ });
  t.match(await runCli(["export", "wide", "--version", "ffff", "--out", file("none.csv")], env), { status: 1, stdout: "", stderr: /no version 'ffff'/ });
  t.match(await runCli(["export", "wide", "--symbols", "NOBODY", "--out", file("none.csv")], env), { status: 1, stderr: /NOBODY/ });
  t.match(await runCli(["export", "wide", "--as-of", "noon", "--out", file("none.csv")], env), { status: 2, stderr: /--as-of/ });
  t.match(await runCli(["export", "wid", "--out", file("none.csv")], env), { status: 1, stderr: /There is no feature set 'wid'/ });
  t.match(await runCli(["export", "training-set", "1", "--out", file("none.csv")], env), { status: 1, stderr: /There is no training set 1/ });
  for (const args of [["wide"], ["wide", "--out", "x.dat"], ["training-set", "--out", "x.csv"], ["training-set", "1", "--as-of", "2020-01-01", "--out", "x.csv"], ["wide", "other", "--out", "x.csv"]]) {
    t.match(await runCli(["export", ...args], env), { status: 2, stdout: "" }, args.join(" "));
  }
  t.notOk(existsSync(file("none.csv")), "nothing is made where something is wrong");

  // A file that is there.
  writeFileSync(file("kept.csv"), "older");
  t.match(await runCli(["export", "wide", "--out", file("kept.csv")], env), { status: 1, stderr: /exists already.\n.*--force/ });
  t.equal(readFileSync(file("kept.csv"), "utf8"), "older", "stays");
  t.same(leftovers(), []);

  // Killed in the middle: the file is not there, and the next export clears what was begun.
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const name = file(`${signal}.parquet`);
    const child = spawn(process.execPath, [join(repositoryRoot, "runner/cli/marketbase.js"), "export", "wide", "--out", name], { env: { ...process.env, ...env }, stdio: "ignore" });
    const ended = new Promise<number | null>((settle) => child.once("close", settle));
    while (leftovers().length === 0 && child.exitCode === null) await sleep(5);
    child.kill(signal);
    t.not(await ended, 0, signal);
    t.notOk(existsSync(name), `${signal} in the middle leaves no file`);
    if (signal === "SIGTERM") t.same(leftovers(), [], "and a signal that can be heard nothing at all");
  }
  t.match(await runCli(["export", "wide", "--out", file("SIGKILL.parquet")], env), { status: 0 });
  t.same(leftovers(), [], "what a killed export had begun is gone");
});

t.test("marketbase replay", async (t) => {
  const db = await testDatabase(t);
  const env = { DATABASE_URL: db.url("admin") };
  t.match(await runCli(["replay", "1"], env), { status: 1, stderr: /There is no training set 1/ });
  t.match(await runCli(["replay", "one"], env), { status: 2, stderr: /one is not the number/ });
  const set = await addTrainingSet(db);
  t.match(await runCli(["replay", set], env), { status: 0, stdout: /the same 38 rows came back \(sha256 [0-9a-f]{64}\)/ });
  await db.query("update market.price_data set open = 50, high = 50, low = 50, close = 50 where session_date = '2019-01-10'");
  t.match(await runCli(["replay", set, "--json"], env), { status: 0 }, "a correction changes nothing");
  const now = await runCli(["replay", set, "--as-of", "infinity"], env);
  t.match(now, { status: 3, stdout: /other rows came back.*differences: 2\nsymbol .*\n[- ]+\nTESTA +2019-01-09T00:00:00\+00:00 +changed +label / });
  const out = join(temporaryFolder(t), "train.csv");
  t.match(await runCli(["export", "training-set", set, "--out", out], env), { status: 0, stdout: /38 rows/ });
  const [header, first] = readFileSync(out, "utf8").split("\n");
  t.equal(header, "symbol,ts,decision_time,a,next_return,label_end,label_known_from");
  t.match(first, /^TESTA,2019-01-01 00:00:00\+00,2019-01-01 21:00:00\+00,0,/);
});

async function addTrainingSet(db: TestDatabase): Promise<string> {
  const run = await startRun(db);
  const version = await addFeatureSet(db, "test_set", ["a"]);
  await db.query("select ml.define_model('test_model', 'test_set', 'For a test.')");
  const instrument = await addInstrument(db, "TESTA");
  const days = weekdays("2019-01-01", 39);
  await addBars(db, run, instrument, days.map((date, i) => ({ date, close: 100 + (i % 3) })));
  await addVectors(db, run, instrument, version, days.map((date, i) => ({ date, values: [i % 4] })));
  return await db.value<string>("select training_set_id from ml.make_training_set($1, 'test_model')", [run]);
}
