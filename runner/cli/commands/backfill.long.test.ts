import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { testDatabase } from "../../../db/tests/support/database.ts";
import { repositoryRoot } from "../../config/config.ts";
import { runCli } from "../../testing/cli.ts";
import { chartBody, inTurn, sends, serveYahoo, weekdayBars } from "../../testing/provider-server.ts";

t.setTimeout(240_000);

t.test("backfill, schedule, held and replay on the command line", async (t) => {
  const db = await testDatabase(t);
  await db.query("update ingest.provider set requests_per_minute = 6000, restatement_limit = 5 where provider = 'yahoo'");
  const bars = weekdayBars("2024-01-02", 20);
  const server = await serveYahoo(t, (symbol) => (request, response) => {
    const answer = symbol === "BAD" ? sends("[]", 404) : symbol === "TWO" ? twice : sends(chartBody(symbol, bars));
    setTimeout(() => answer(request, response), 200);
  });
  const twice = inTurn(sends(chartBody("TWO", bars)), sends(chartBody("TWO", bars.map(([day, close]) => [day, close * 2] as const))));
  const env = { DATABASE_URL: db.url("admin"), MARKETBASE_YAHOO_URL: server.url };
  const backfill = (...args: string[]) => runCli(["backfill", "--provider", "yahoo", ...args], env);

  for (const args of [["--symbols", "AAA", "--universe", "x"], [], ["--symbols", "AAA", "--chunk-days", "10"], ["--symbols", "AAA", "--from", "2024-02-31"], ["--symbols", "AAA", "--reprocess", "some"]]) {
    t.match(await backfill(...args), { status: 2, stdout: "" }, args.join(" "));
  }
  const twelve = ["--symbols", Array.from({ length: 12 }, (_, at) => `S${at}`).join(","), "--from", "2024-01-01", "--to", "2024-01-31", "--max-active", "2"];
  t.match(await backfill(...twelve, "--dry-run"), { status: 0, stdout: /S0 +2024-01-01 +2024-01-31 +new +yes[\s\S]*12 of 12 pieces would be fetched/ });

  // Killed in the midst; two at once finish it together.
  const killed = spawn(process.execPath, [join(repositoryRoot, "runner/cli/marketbase.js"), "backfill", "--provider", "yahoo", ...twelve], { env: { ...process.env, ...env }, stdio: "ignore" });
  const gone = once(killed, "exit");
  const done = () => db.value<number>("select count(*)::int from pipeline.backfill_chunk where state = 'done'");
  while ((await done()) < 3 && killed.exitCode === null) await sleep(20);
  killed.kill("SIGKILL");
  await gone;
  t.ok((await done()) < 12, "it was not done yet");
  const both = await Promise.all([backfill(...twelve), backfill(...twelve, "--json")]);
  t.match(both[0], { status: 0, stdout: /12 pieces, 240 rows: 240 new, 0 changed/, stderr: /backfill \d+ · 12 done/ });
  t.match(JSON.parse(both[1].stdout), { status: "succeeded", chunks: 12, done: 12, failed: 0, new_rows: 240 });
  t.equal(await db.value("select count(*)::int from pipeline.backfill"), 1, "one backfill for all three");
  t.match(await backfill(...twelve), { status: 0, stdout: /Nothing is to be done/ });

  t.match(await backfill("--symbols", "BAD,AAA"), { status: 1, stdout: /BAD +- +- +failed[\s\S]*--reprocess failed/ });
  t.match(await backfill("--symbols", "TWO"), { status: 0 });
  const held = await backfill("--symbols", "TWO", "--reprocess", "all");
  t.match(held, { status: 3, stdout: /held .*would restate 20 rows of 1 instruments/ });
  const listed = await runCli(["ingest", "held"], env);
  t.match(listed, { status: 3, stdout: /yahoo bars +TWO/ });
  const id = await db.value<string>("select raw_response_id::text from ingest.held_response");
  t.match(await runCli(["ingest", "accept", id], env), { status: 2 });
  t.match(await runCli(["ingest", "accept", id, "--by", "Ada", "--reason", "a split"], env), { status: 0, stdout: /20 rows have a new version/ });
  t.match(await runCli(["ingest", "held"], env), { status: 0, stdout: /No restatement waits/ });

  t.match(await runCli(["ingest", "replay"], env), { status: 0, stdout: /have not changed/ });
  t.match(await runCli(["ingest", "replay", "--all", "--symbols", "s0,s1"], env), { status: 0, stdout: /2 bodies were read again: nothing differs/ });

  t.match(await runCli(["schedule", "add", "us", "--provider", "yahoo", "--symbols", "AAA", "--after-close", "XNYS"], env), { status: 0, stdout: /due next at 20\d\d-/ });
  t.match(await runCli(["schedule", "add", "bad", "--provider", "yahoo", "--symbols", "AAA", "--cron", "61 * * * *"], env), { status: 1, stderr: /cannot be a part of a cron line/ });
  t.match(await runCli(["schedule", "pause", "us"], env), { status: 0 });
  t.match(await runCli(["schedule", "list"], env), { status: 0, stdout: /us +yahoo bars +AAA +after XNYS closes +paused +never/ });
  t.match(await runCli(["schedule", "resume", "us"], env), { status: 0 });
  t.match(await runCli(["schedule", "remove", "us"], env), { status: 0 });
  t.match(await runCli(["schedule", "remove", "us"], env), { status: 1, stderr: /no schedule named "us"/ });
});
