import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { shared, testDatabase } from "../../../db/tests/support/database.ts";
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

t.test("a backfill of the S&P 500: each member for the days of its membership, killed and resumed, without survivorship bias", async (t) => {
  const file = shared(t, "universe/sp500_ticker_start_end.csv");
  if (file === undefined) return;
  const [from, to] = ["2008-07-01", "2009-06-30"] as const;
  // Who says which days are asked for: the file, cut by hand.
  const dayBefore = (day: string) => new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
  const judge = readFileSync(file, "utf8").trim().split("\n").slice(1).map((line) => line.trim().split(","))
    .filter(([, begun = "", left = ""]) => begun <= to && (left === "" || left > from))
    .map(([ticker = "", begun = "", left = ""]) => `${ticker} ${begun > from ? begun : from} ${left !== "" && left <= to ? dayBefore(left) : to}`).sort();
  t.ok(judge.length > 510 && judge.some((line) => line.startsWith("LEHMQ ")), `${judge.length} spells`);

  const db = await testDatabase(t);
  await db.query("update ingest.provider set requests_per_minute = 60000 where provider = 'yahoo'");
  const gone = sends('{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}', 404);
  const asked: string[] = [];
  const server = await serveYahoo(t, (symbol) => (request, response) => {
    const url = new URL(request.url ?? "", "http://replay");
    const [first, last] = ["period1", "period2"].map((name) => new Date(Number(url.searchParams.get(name)) * 1_000).toISOString().slice(0, 10));
    asked.push(`${symbol.replace("-", ".")} ${first} ${dayBefore(last ?? "")}`);
    const bars = weekdayBars(first ?? "", 3).filter(([day]) => day < (last ?? ""));
    (symbol === "LEHMQ" ? gone : sends(chartBody(symbol, bars)))(request, response);
  });
  const env = { DATABASE_URL: db.url("admin"), MARKETBASE_YAHOO_URL: server.url };
  t.match(await runCli(["universe", "import", "sp500", file], env), { status: 0 });
  const request = ["backfill", "--provider", "yahoo", "--universe", "sp500", "--from", from, "--to", to, "--max-active", "8"];
  t.match(await runCli([...request.slice(0, 3), "--universe", "nobody", "--dry-run"], env), { status: 1, stderr: /The universe nobody has no members/ });
  t.match(await runCli([...request.slice(0, 3), "--universe", "nobody"], env), { status: 1, stderr: /the universe "nobody" has no members[\s\S]*sp500/ });
  const plan = JSON.parse((await runCli([...request, "--dry-run", "--json"], env)).stdout) as { chunks: { subject: string; from: string; to: string; is_wanted: boolean }[]; new_symbols: string[] };
  t.same(plan.chunks.map((piece) => `${piece.subject} ${piece.from} ${piece.to}`).sort(), judge, "the dry run lists each spell, cut to the days that are asked for");
  t.same(plan.new_symbols, [], "every member has an instrument");
  t.match(await runCli([...request, "--dry-run"], env), { stdout: new RegExp(`${judge.length} of ${judge.length} pieces would be fetched, of \\d+ of \\d+ symbols`) });
  t.equal(asked.length, 0);

  const killed = spawn(process.execPath, [join(repositoryRoot, "runner/cli/marketbase.js"), ...request], { env: { ...process.env, ...env }, stdio: "ignore" });
  const ended = once(killed, "exit");
  const done = () => db.value<number>("select count(*)::int from pipeline.backfill_chunk where state in ('done', 'failed')");
  while ((await done()) < 100 && killed.exitCode === null) await sleep(50);
  killed.kill("SIGKILL");
  await ended;
  const before = await done();
  t.ok(before >= 100 && before < judge.length, `killed after ${before} pieces`);
  const end = await runCli(request, env);
  t.equal(end.status, 1, "a member that nobody can tell about is a failure with a name");
  t.match(end.stdout, new RegExp(`${judge.length} pieces, [\\s\\S]*LEHMQ +2008-07-01 +2008-09-\\d\\d +failed .*MB010: .*delisted`));
  t.match(end.stderr, new RegExp(`backfill \\d+ .*${judge.length - 1} done, 1 failed`));
  t.equal(await db.value("select count(*)::int from pipeline.backfill"), 1, "the same backfill went on");
  t.same([...new Set(asked)].sort(), judge, "these days were asked for, and no others");
  t.ok(asked.length <= judge.length + 8, `${asked.length} requests: only what was in hand when it was killed was asked twice`);
  t.equal(
    await db.value(`select count(*)::int from market.price_data as bar where not exists (
      select from market.universe_spans('sp500') as span where span.instrument_id = bar.instrument_id and bar.session_date between coalesce(span.from_date, '-infinity') and coalesce(span.to_date, 'infinity'))`),
    0, "no bar lies outside of a membership");
  t.ok((await db.value<number>("select count(distinct instrument_id)::int from market.price_data join market.instrument using (instrument_id) where not exists (select from market.universe_members('sp500', '2026-01-01') as now where now.instrument_id = price_data.instrument_id)")) > 100, "members that have left since are among them");
});
