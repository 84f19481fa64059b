import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import t from "tap";
import { addBars, addInstrument, openBench } from "../../db/tests/feature/fixture.ts";
import { testDatabase } from "../../db/tests/support/database.ts";
import { repositoryRoot } from "../config/config.ts";
import { startRedisServer, withoutRedis } from "../testing/redis-server.ts";
import { startEndpoint, type Endpoint } from "./testing/endpoint.ts";

t.setTimeout(600_000);

const path = "/features/qlib14?symbols=AAA,BBB";

async function ask(api: Endpoint): Promise<{ text: string; source: string | null }> {
  const response = await fetch(`${api.url}${path}`);
  return { text: await response.text(), source: response.headers.get("marketbase-source") };
}

t.test("kill -9 of the worker between the commit of vectors and their publication: no old value is served, and the next worker publishes", { skip: withoutRedis, timeout: 600_000 }, async (t) => {
  const db = await testDatabase(t);
  await db.query("insert into pipeline.flow_step (flow, step, stage, task, description) values ('refresh', 'features', 1, 'run_step', 'Computes the features.')");
  const bench = await openBench(db);
  const days = Array.from({ length: 30 }, (_, i) => ({ date: `2020-01-${String(i + 1).padStart(2, "0")}`, open: 100 + i, high: 102 + i, low: 99 + i, close: 101 + i, volume: 1_000 }));
  const last = days.at(-1) as (typeof days)[number];
  const ids = [await addInstrument(bench, "AAA"), await addInstrument(bench, "BBB")];
  for (const id of ids) await addBars(bench, id, days);

  const redis = await startRedisServer();
  const cached = await startEndpoint(t, db, redis.url);
  const direct = await startEndpoint(t, db);
  let worker: ChildProcess | undefined;
  t.teardown(async () => {
    worker?.kill("SIGKILL");
    await redis.stop();
  });
  const startProcess = () => {
    worker = spawn(process.execPath, [join(repositoryRoot, "db/tests/pipeline/worker-process.ts"), db.url("worker"), redis.url], { stdio: ["ignore", "ignore", "inherit"] });
    return worker;
  };
  const listener = new pg.Client({ connectionString: db.url("worker") });
  await listener.connect();
  t.teardown(() => listener.end());
  await listener.query("listen marketbase_online");

  /** Asks until Redis answers alone; each answer has to be `expected`. */
  const untilPublished = async (expected: string): Promise<boolean> => {
    for (let tries = 0; tries < 1_200; tries++) {
      const { text, source } = await ask(cached);
      if (text !== expected) return t.fail(`another value after ${tries} answers`, { found: text, wanted: expected });
      if (source === "redis") return true;
      await sleep(25);
    }
    return t.fail("not published within 30 s");
  };

  const waiting = () => db.value<number>("select count(*)::int from feature.online_vector where generation is distinct from published_generation");

  startProcess();
  await db.query("select pipeline.start_flow('refresh')", [], "worker");
  for (let tries = 0; (await ask(cached)).source !== "redis" && tries < 1_200; tries++) await sleep(25);
  let unpublished = 0;
  for (const [round, moment] of ["at the commit", "while Redis hangs", "a moment after the commit"].entries()) {
    const before = (await ask(direct)).text;
    t.equal((await ask(cached)).source, "redis");
    const killed = worker as ChildProcess;
    const gone = once(killed, "exit");
    const committed = once(listener, "notification");
    if (moment === "while Redis hangs") redis.process.kill("SIGSTOP");
    for (const id of ids) await addBars(bench, id, [{ ...last, close: 129 + round / 10 }]);
    await db.query("select pipeline.start_flow('refresh')", [], "worker");
    await committed;
    if (moment === "while Redis hangs") await sleep(700);
    else if (moment === "a moment after the commit") await sleep(20);
    killed.kill("SIGKILL");
    await gone;
    const after = (await ask(direct)).text;
    t.not(after, before, `${moment}: the worker had computed anew`);
    const left = await waiting();
    if (left > 0) unpublished++;
    if (moment === "while Redis hangs") t.ok(left >= 2, `${moment}: ${left} values wait to be published`);

    // The notification may take a moment to arrive; from then on nothing old may come, whatever Redis holds.
    const limit = performance.now() + 1_000;
    while ((await ask(cached)).text !== after) if (performance.now() > limit) return t.fail(`${moment}: the old value is still served`);
    redis.process.kill("SIGCONT");
    for (let i = 0; i < 40; i++) {
      const { text } = await ask(cached);
      if (text !== after) return t.fail(`${moment}: an old value came back`, { found: text, wanted: after });
      await sleep(10);
    }
    startProcess();
    await untilPublished(after);
    // It is recorded a moment after it was written.
    for (let tries = 0; (await waiting()) > 0 && tries < 400; tries++) await sleep(25);
    t.equal(await waiting(), 0, `${moment}: nothing waits any more`);
  }
  t.ok(unpublished >= 1, `${unpublished} of 3 kills fell between commit and publication`);
});
