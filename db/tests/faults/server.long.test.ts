import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { loadConfig } from "../../../runner/config/config.ts";
import { embeddedUrls, openDatabase } from "../../../runner/database/open.ts";
import { createPool, value } from "../../../runner/database/pool.ts";
import { waitForExit } from "../../../runner/embedded/process.ts";
import { durableSettings, useEmbeddedServer } from "../../../runner/embedded/server.ts";
import { temporaryFolder } from "../../../runner/testing/folder.ts";
import { chartBody, sends, serveYahoo, weekdayBars } from "../../../runner/testing/provider-server.ts";
import { checkInvariants } from "./invariants.ts";
import { killNow, says, until, workerProcess } from "./support.ts";

t.setTimeout(300_000);

t.test("F4, F5: kill -9 of the postmaster (back after 1 s, 8 s) and of one backend: committed rows kept, all recover within 30 s unaided", async (t) => {
  // A server of its own, since it is killed.
  const home = join(temporaryFolder(t), "home");
  const database = await openDatabase(loadConfig({ MARKETBASE_HOME: home }), { what: "test", keepRunning: true });
  let server = database.server;
  if (server === undefined) throw new Error("there is no embedded server");
  const port = server.port;
  const urlFor = embeddedUrls(server);
  const pool = createPool(urlFor("admin"), { max: 2, onError: () => undefined });
  t.teardown(async () => {
    await pool.end();
    await database.close();
    await server?.release();
  });
  const again = async <T>(sql: string, values: unknown[] = []) => {
    for (;;) {
      try {
        return await value<T>(pool, sql, values);
      } catch {
        await sleep(100);
      }
    }
  };
  await pool.query("update ingest.provider set requests_per_minute = 6000");
  const replay = await serveYahoo(t, (symbol) => (request, response) => void setTimeout(() => sends(chartBody(symbol, weekdayBars("2015-01-02", 1_000)))(request, response), 400));
  const child = workerProcess(t, urlFor("worker"), {}, { MARKETBASE_YAHOO_URL: replay.url });
  await says(child, /ready/);
  const committed = () => again<number>("select count(*)::int from market.price_data");
  for (const [fault, hurt] of [
    ["the postmaster, back after 1 s", 1_000], ["the postmaster, back after 8 s", 8_000], ["a backend", undefined],
  ] as const) {
    const symbols = Array.from({ length: 8 }, (_, at) => `${hurt === undefined ? "C" : hurt === 1_000 ? "A" : "B"}${at}X`);
    const id = await again<string>("select pipeline.start_backfill('yahoo', 'bars', $1, p_max_active => 2)::text", [symbols]);
    await until("the first pieces", async () => (await again<number>("select count(*)::int from pipeline.backfill_chunk where backfill_run_id = $1 and state = 'done'", [id])) >= 2);
    const before = await committed();
    if (hurt === undefined) {
      const pid = await again<number>("select pid from pg_stat_activity where application_name like 'marketbase worker%' limit 1");
      process.kill(pid, "SIGKILL");
      await sleep(200);
    } else {
      process.kill(server.pid, "SIGKILL");
      await waitForExit(server.pid, 5_000);
      await sleep(hurt);
      server = await useEmbeddedServer({ home, settings: durableSettings, what: "test", keepRunning: true });
      t.equal(server.port, port, "the server is back where it was");
    }
    const back = Date.now();
    t.ok((await committed()) >= before, `${fault}: committed rows are kept`);
    await until(`${fault}: recovery`, async () => (await again<number>("select count(*)::int from market.price_data")) > before, 30_000);
    t.ok(Date.now() - back < 30_000, `${fault}: at work again after ${Date.now() - back} ms`);
    await until(`${fault}: the end`, async () => (await again<string>("select status from pipeline.pipeline_run where run_id = $1", [id])) !== "running", 90_000);
    t.equal(await again("select status from pipeline.pipeline_run where run_id = $1", [id]), "succeeded", fault);
    t.equal(child.exitCode, null, `${fault}: the same worker did it`);
  }
  t.equal(await again("select count(*)::int from market.price_data"), 24 * 1_000, "every row once");
  await checkInvariants(t, urlFor);
  await killNow(child);
});
