import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { chartBody, weekdayBars, type ChartBar } from "../../../runner/testing/provider-server.ts";
import { openPublisher } from "../../../runner/online/publish.ts";
import { startEndpoint } from "../../../runner/online/testing/endpoint.ts";
import { startRedisServer, withoutRedis } from "../../../runner/testing/redis-server.ts";
import { bring, openRun } from "../ingest/bodies.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { checkInvariants } from "./invariants.ts";
import { until } from "./support.ts";

t.setTimeout(120_000);

/** Computes what waits for it, as the worker does. */
const compute = (db: TestDatabase, run: string) => db.query("select * from pipeline.compute_stale_features($1)", [run], "worker");

async function ask(url: string): Promise<{ text: string; source: string | null; milliseconds: number }> {
  const begun = performance.now();
  const response = await fetch(`${url}/features/qlib14?symbols=AAA`);
  return { text: await response.text(), source: response.headers.get("marketbase-source"), milliseconds: performance.now() - begun };
}

const chart = (bars: readonly ChartBar[], fetchedAt: string) =>
  ({ provider: "yahoo", dataset: "bars", subject: "AAA", url: "https://query2.finance.yahoo.com/v8/finance/chart/AAA", body: chartBody("AAA", bars), fetchedAt });

t.test("F8: Redis down, flushed, slow, with another password, full, with garbage under a key: the same answers, bounded delay, one warning each", { skip: withoutRedis }, async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, chart(weekdayBars("2024-01-02", 80), "2024-06-01T12:00:00Z"));
  await compute(db, run);
  let redis = await startRedisServer();
  t.teardown(() => redis.stop());
  // Longer than in everyday life, so that a machine that is busy with other tests is not taken for a Redis that is slow.
  const api = await startEndpoint(t, db, redis.url, undefined, 700);
  const said: string[] = [];
  const publisher = openPublisher(db.worker, redis.url, (message) => said.push(message));
  t.teardown(async () => publisher.close());
  const expected = (await ask(api.url)).text;
  t.match(expected, /"set":"qlib14".*"symbol":"AAA"/);
  const key = await db.value<string>("select format('mb:%s:%s', feature_set_version_id, market.instrument_id('AAA')) from feature.version_of('qlib14')");
  const well = async (): Promise<void> => {
    await until("Redis to serve again", async () => {
      await publisher.sweep();
      return (await ask(api.url)).source === "redis";
    });
    api.log.length = said.length = 0;
  };
  /** Twenty at once and twenty in a row while the trouble lasts. */
  const during = async (what: string, warnings: number) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(api.url)));
    for (let turn = 0; turn < 20; turn++) answers.push(await ask(api.url));
    t.ok(answers.every(({ text }) => text === expected), `${what}: the same answers`);
    const longest = Math.max(...answers.map(({ milliseconds }) => milliseconds));
    t.ok(longest < 2_000, `${what}: ${Math.round(longest)} ms at most`);
    t.equal(api.log.length, warnings, `${what}: ${api.log.join(" | ") || "no warning is needed"}`);
  };
  await well();

  await redis.stop();
  await during("down", 1);
  t.equal(await publisher.publish(), 0);
  t.ok(said.length <= 1, `the publisher says it once: ${said.join(" | ")}`);
  redis = await startRedisServer(redis.port);
  await well();

  await redis.client.flushall();
  await during("flushed", 0);
  await well();

  redis.process.kill("SIGSTOP");
  await during("slow", 1);
  redis.process.kill("SIGCONT");
  await well();

  await redis.client.config("SET", "requirepass", "secret");
  await redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await until("the refusal", async () => (await ask(api.url)).text === expected && api.log.length > 0);
  await during("another password", 1);
  await redis.client.config("SET", "requirepass", "");
  await well();

  // Full: what is there is served, what changed meanwhile is not to be had from it, and comes as soon as there is room.
  await redis.client.flushall();
  await redis.client.config("SET", "maxmemory-policy", "noeviction");
  await redis.client.config("SET", "maxmemory", "1");
  for (let turn = 0; turn < 3; turn++) t.equal(await publisher.sweep(), 0, "nothing can be published");
  await during("full", 0);
  t.equal(said.length, 1, `full: ${said.join(" | ")}`);
  await redis.client.config("SET", "maxmemory", "0");
  await well();

  for (const garbage of [Buffer.alloc(0), Buffer.from("not a vector"), Buffer.alloc(4_096, 255)]) {
    await redis.client.set(key, garbage);
    await during("garbage", 0);
  }
  await well();
  await checkInvariants(t, db.url);
});

t.test("F16: correct, revert, repeat: versions, answers of the past, features and cache follow", { skip: withoutRedis }, async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const redis = await startRedisServer();
  t.teardown(() => redis.stop());
  const api = await startEndpoint(t, db, redis.url);
  const publisher = openPublisher(db.worker, redis.url, () => undefined);
  t.teardown(async () => publisher.close());
  const bars = weekdayBars("2024-01-02", 80);
  const [day, close] = bars[75] ?? ["", 0];
  const said = (value: number) => bars.map((bar, at): ChartBar => (at === 75 ? [day, value] : bar));
  const features = async () => await db.value<string>("select md5(string_agg(format('%s %s %s', feature_set_version_id, ts, values), e'\\n' order by feature_set_version_id, ts)) from feature.feature_vector");
  const seen: { features: string; cache: string }[] = [];
  for (const [value, moment] of [[close, "2024-06-01T12:00:00Z"], [close + 3, "2024-06-02T12:00:00Z"], [close, "2024-06-03T12:00:00Z"], [close + 3, "2024-06-04T12:00:00Z"]] as const) {
    await bring(db, run, chart(said(value), moment));
    await compute(db, await openRun(db));
    await publisher.publish();
    let answer = await ask(api.url);
    for (let tries = 0; answer.source !== "redis" && tries < 100; tries++) {
      await sleep(30);
      await publisher.sweep();
      answer = await ask(api.url);
    }
    t.equal(answer.source, "redis");
    seen.push({ features: await features(), cache: JSON.stringify((JSON.parse(answer.text) as { instruments: { values: unknown }[] }).instruments[0]?.values) });
    await checkInvariants(t, db.url);
  }
  const [first, second, third, fourth] = seen;
  t.not(second?.features, first?.features, "features follow the correction");
  t.not(second?.cache, first?.cache, "and so does the cache");
  t.same(third, first, "and the reversal: bit for bit what it was");
  t.same(fourth, second, "and the repetition");
  const versions = await db.query<{ close: number }>("select close from market.price_data_version where symbol = 'AAA' and session_date = $1 order by version", [day]);
  t.same(versions.map((version) => version.close), [close, close + 3, close, close + 3], "the first word and three versions after it");
  const asOf = (moment: string) => db.value<number>("select close from market.price_data_as_of('AAA', $1) where session_date = $2", [moment, day], "reader");
  t.same(await Promise.all(["2024-06-01T13:00:00Z", "2024-06-02T13:00:00Z", "2024-06-03T13:00:00Z", "2024-06-04T13:00:00Z"].map(asOf)), [close, close + 3, close, close + 3]);
  const revisions = await db.query("select distinct revision from feature.feature_vector_version join feature.feature_set_version using (feature_set_version_id) where is_current and ts = $1::timestamptz and revision > 4", [`${day}Z`]);
  t.same(revisions, [], "a vector has a revision for each change, and none besides");
});
