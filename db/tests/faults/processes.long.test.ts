import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { withConnection } from "../../../runner/database/connect.ts";
import { chartBody, keepsSilent, sends, serveYahoo, weekdayBars, type Answer } from "../../../runner/testing/provider-server.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { checkInvariants } from "./invariants.ts";
import { keepAlive, killNow, MARKET, says, startProxy, until, workerProcess } from "./support.ts";

t.setTimeout(360_000);

const symbols = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"];

async function prepared(t: Parameters<typeof testDatabase>[0]): Promise<TestDatabase> {
  const db = await testDatabase(t);
  await db.query("update ingest.provider set requests_per_minute = 6000");
  return db;
}

const body = (symbol: string) => chartBody(symbol, weekdayBars("2015-01-02", 300, symbol.charCodeAt(0)));
const begin = (db: TestDatabase, active = 2) => db.value<string>("select pipeline.start_backfill('yahoo', 'bars', $1, p_max_active => $2)::text", [symbols, active], "worker");
const status = (db: TestDatabase, id: string) => db.value<string>("select status from pipeline.pipeline_run where run_id = $1", [id]);
const ended = (db: TestDatabase, id: string, milliseconds = 75_000) => until("the end of the backfill", async () => (await status(db, id)) !== "running", milliseconds);

/** A moment after which a server answers, so that a kill meets requests, transactions and pauses alike. */
const slowly = (answer: Answer, milliseconds: number): Answer => (request, response) => void setTimeout(() => answer(request, response), milliseconds);

/** Times that a test need not wait out; what happens is the same. */
const hasty = { heartbeatMilliseconds: 500, sweepMilliseconds: 3_000 };

t.test("F1: kill -9 of the worker at 20 seeded moments of an ingest: the end equals that of an undisturbed run", async (t) => {
  const server = await serveYahoo(t, (symbol) => slowly(sends(body(symbol)), 150));
  const env = { MARKETBASE_YAHOO_URL: server.url };
  const undisturbed = await prepared(t);
  const quiet = workerProcess(t, undisturbed.url("worker"), {}, env);
  const first = await begin(undisturbed);
  await ended(undisturbed, first);
  await killNow(quiet);
  const expected = await undisturbed.value<string>(MARKET);

  /** Ten kills of the workers of one database, then the end by one that is left alone. */
  const disturbed = async (name: string, options: Record<string, unknown>, seed: number) => {
    const db = await prepared(t);
    let id = await begin(db, 1);
    let met = 0;
    for (let kill = 0; kill < 10; kill++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const child = workerProcess(t, db.url("worker"), options, env);
      await says(child, /ready/);
      await sleep(seed % 1_200);
      if ((await db.value<number>("select count(*)::int from pipeline.pipeline_run where status = 'running' and stage > 0")) > 0) met += 1;
      await killNow(child);
      // What is done is done: the moments that are left meet the same bodies once more.
      if ((await status(db, id)) !== "running") id = await db.value<string>("select pipeline.start_backfill('yahoo', 'bars', $1, p_reprocess => 'all', p_max_active => 1)::text", [symbols], "worker");
    }
    const last = workerProcess(t, db.url("worker"), options, env);
    const resumed = Date.now();
    await ended(db, id);
    t.ok(Date.now() - resumed < 75_000, `${name}: resumed and done after ${Date.now() - resumed} ms`);
    t.equal(await status(db, id), "succeeded", name);
    t.equal(await db.value(MARKET), expected, `${name}: byte for byte`);
    await killNow(last);
    await checkInvariants(t, db.url);
    return met;
  };
  // Two databases at once, one of them with the times of everyday life.
  const met = await Promise.all([{}, hasty].map((options, at) => disturbed(`database ${at + 1}`, options, 20_261_124 + at)));
  t.ok(met.reduce((sum, count) => sum + count, 0) > 3, `${met.join(", ")} of the kills met a piece in hand`);
});

t.test("F2: kill between commit and job completion: the rerun changes 0 rows, one lineage record", async (t) => {
  let open: (() => void) | undefined;
  const server = await serveYahoo(t, (symbol) => (request, response) => void (open = () => sends(body(symbol))(request, response)));
  const env = { MARKETBASE_YAHOO_URL: server.url };
  const db = await prepared(t);
  const id = await db.value<string>("select pipeline.start_backfill('yahoo', 'bars', '{AAA}')::text", [], "worker");
  const child = workerProcess(t, db.url("worker"), {}, env);
  await until("the request", async () => open !== undefined);
  await withConnection(db.url("admin"), async (admin) => {
    // Nobody can take the job out of the queue while this lock is held: the run commits, its job stays.
    await admin.query("begin");
    await admin.query("lock table graphile_worker._private_jobs in share mode");
    open?.();
    await until("the commit", async () => (await status(db, id)) === "succeeded");
    await killNow(child);
    // Its statement waits in the server, which does not know yet that nobody wants the answer.
    await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'marketbase worker%'");
    await admin.query("rollback");
  });
  t.equal(await db.value("select count(*)::int from graphile_worker.jobs where locked_at is not null", [], "worker"), 1, "the job looks as if it were being done");
  const before = await db.value(MARKET);
  const next = workerProcess(t, db.url("worker"), hasty, env);
  await until("the end of the job", async () => (await db.value("select count(*)::int from graphile_worker.jobs", [], "worker")) === 0);
  t.equal(await db.value(MARKET), before, "the rerun changes 0 rows");
  t.equal(await db.value("select count(*)::int from lineage.data_lineage where target_relation = 'market.price_data'"), 1, "one lineage record");
  t.equal(server.asked(), 1, "the provider is not asked again");
  await checkInvariants(t, db.url);
  await killNow(next);
});

t.test("F3: SIGTERM once, twice: out within 10 s, jobs given back", async (t) => {
  const terminated = async (times: number) => {
    const server = await serveYahoo(t, (symbol) => (symbol === "AAA" ? keepsSilent : sends(body(symbol))));
    const db = await prepared(t);
    const id = await begin(db, 6);
    const env = { ...process.env, MARKETBASE_YAHOO_URL: server.url, DATABASE_URL: db.url("worker") };
    const child = spawn(process.execPath, [join(repositoryRoot, "runner/cli/marketbase.js"), "worker", "--no-migrate"], { env, stdio: "ignore" });
    t.teardown(() => void child.kill("SIGKILL"));
    const gone = once(child, "exit");
    await until("a request that is not answered", async () => server.asked("AAA") > 0);
    const signalled = Date.now();
    child.kill("SIGTERM");
    if (times === 2) {
      await sleep(100);
      child.kill("SIGTERM");
    }
    await gone;
    t.ok(Date.now() - signalled < (times === 1 ? 11_500 : 2_000), `${times}: out after ${Date.now() - signalled} ms`);
    // What it had in hand is taken over by the next one.
    const healthy = await serveYahoo(t, (symbol) => sends(body(symbol)));
    const next = workerProcess(t, db.url("worker"), hasty, { MARKETBASE_YAHOO_URL: healthy.url });
    await ended(db, id);
    t.equal(await status(db, id), "succeeded");
    await killNow(next);
    await checkInvariants(t, db.url);
  };
  await Promise.all([terminated(1), terminated(2)]);
});

t.test("F6: the LISTEN connection is terminated: reconnected, no job lost", async (t) => {
  const server = await serveYahoo(t, (symbol) => sends(body(symbol)));
  const db = await prepared(t);
  const child = workerProcess(t, db.url("worker"), {}, { MARKETBASE_YAHOO_URL: server.url });
  await says(child, /ready/);
  const listening = "select pid from pg_stat_activity where datname = current_database() and query ~* 'listen' and application_name like 'marketbase worker%'";
  await withConnection(db.url("admin"), async (admin) => {
    await until("a listening connection", async () => (await admin.query(listening)).rows.length > 0);
    for (let turn = 0; turn < 3; turn++) {
      await admin.query(`select pg_terminate_backend(pid) from (${listening}) as listener`);
      await sleep(200);
    }
  });
  const id = await begin(db);
  await ended(db, id, 30_000);
  t.equal(await status(db, id), "succeeded");
  await withConnection(db.url("admin"), (admin) => until("a listening connection again", async () => (await admin.query(listening)).rows.length > 0));
  await checkInvariants(t, db.url);
  await killNow(child);
});

t.test("F7: a half-open connection to the database: time limits fire, the worker reconnects, no job lost", async (t) => {
  const server = await serveYahoo(t, (symbol) => slowly(sends(body(symbol)), 300));
  const db = await prepared(t);
  const url = new URL(db.url("worker"));
  const proxy = await startProxy(t, Number(url.port));
  url.port = String(proxy.port);
  const child = workerProcess(t, url.href, { silenceMilliseconds: 3_000 }, { MARKETBASE_YAHOO_URL: server.url });
  await says(child, /ready/);
  const id = await begin(db, 1);
  await until("a piece in hand", async () => (await db.value<number>("select count(*)::int from pipeline.pipeline_run where status = 'running' and stage > 0")) > 0);
  proxy.stall();
  await sleep(4_000);
  t.equal(await status(db, id), "running", "nothing gets through");
  proxy.heal();
  await ended(db, id, 60_000);
  t.equal(await status(db, id), "succeeded", "by the same worker");
  t.equal(child.exitCode, null, "which did not end");
  await checkInvariants(t, db.url);
  await killNow(child);
});

t.test("F19: clocks off by an hour, and set back: no early sweep", async (t) => {
  const server = await serveYahoo(t, (symbol) => slowly(sends(body(symbol)), symbol === "AAA" ? 7_000 : 10));
  const db = await prepared(t);
  const shifted = (hours: number) => {
    // A process whose clock is off: everything that it reads of the time is shifted.
    const code = `const now = Date.now; Date.now = () => now() + ${hours} * 3600000; const D = Date; globalThis.Date = class extends D { constructor(...a) { super(...(a.length === 0 ? [D.now()] : a)); } };`;
    return ["--import", `data:text/javascript,${encodeURIComponent(code)}`];
  };
  const early = workerProcess(t, db.url("worker"), {}, { MARKETBASE_YAHOO_URL: server.url }, shifted(-1));
  await says(early, /ready/);
  const id = await begin(db, 6);
  await until("a piece in hand", async () => (await db.value<number>("select count(*)::int from pipeline.pipeline_run where status = 'running' and stage > 0")) > 0);
  const late = workerProcess(t, db.url("worker"), {}, { MARKETBASE_YAHOO_URL: server.url }, shifted(1));
  await ended(db, id, 60_000);
  t.equal(await status(db, id), "succeeded");
  t.equal(await db.value("select max(attempt)::int from pipeline.pipeline_run where stage > 0"), 1, "no piece was taken from the worker that had it");
  t.equal(server.asked("AAA"), 1);
  await checkInvariants(t, db.url);
  await killNow(early);
  await killNow(late);
});

t.test("F24: steps that throw, exit, loop or eat memory become dead letters with payload and error; others go on", async (t) => {
  const db = await prepared(t);
  const poisons = ["THROW", "EXIT", "LOOP", "MEMORY"];
  for (const subject of [...poisons, "GOOD"]) {
    await db.query("insert into pipeline.flow_step values ($1, 'fetch_one', 1, 'fetch', jsonb_build_object('subject', $2::text), 'a step of a test')", [subject.toLowerCase(), subject]);
  }
  // Twenty-three workers have ended over each of the three that end their process: two more are the last.
  const roots = new Map<string, string>();
  for (const subject of poisons) roots.set(subject, await db.value<string>("select pipeline.start_flow($1)::text", [subject.toLowerCase()], "worker"));
  await db.query("update pipeline.pipeline_run set lost_count = 23 where stage > 0");
  const service = keepAlive(() => workerProcess(t, db.url("worker"), { poison: true, concurrency: 1, stallMilliseconds: 2_000 }, {}, ["--max-old-space-size=64"]));
  t.teardown(() => service.stop());
  await until("four dead letters", async () => (await db.value("select count(*)::int from pipeline.dead_letter")) === 4, 120_000);
  const good = await db.value<string>("select pipeline.start_flow('good')::text", [], "worker");
  await until("the good one", async () => (await status(db, good)) === "succeeded");
  const letters = await db.query<{ subject: string; error_code: string; message: string }>("select payload ->> 'subject' as subject, error_code, message from pipeline.dead_letter order by 1");
  t.match(letters, [
    { subject: "EXIT", error_code: "57P01", message: /ended 25 times/ },
    { subject: "LOOP", error_code: "57P01", message: /ended 25 times/ },
    { subject: "MEMORY", error_code: "57P01", message: /ended 25 times/ },
    { subject: "THROW", error_code: "XX000", message: /this step throws/ },
  ]);
  for (const [subject, root] of roots) t.equal(await status(db, root), "failed", `the flow of ${subject} says so`);
  t.ok(service.starts() > 6, `the worker was started ${service.starts()} times`);
  // The job ends after its run: a worker that is killed in between would leave it to the next one, which does not come here.
  await until("the end of the last job", async () => (await db.value("select count(*)::int from graphile_worker.jobs where locked_at is not null", [], "worker")) === 0);
  await service.stop();
  t.equal(await db.value("select count(*)::int from pipeline.pipeline_run where status in ('queued', 'running')"), 0);
  await checkInvariants(t, db.url);
});
