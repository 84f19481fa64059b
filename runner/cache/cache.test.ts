import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import t from "tap";
import { testDatabase, type TestDatabase } from "../../db/tests/support/database.ts";
import { publishLatest } from "./publish.ts";
import { openFeatureReader } from "./read.ts";
import { currentKey, latestKey } from "./redis.ts";

const present = spawnSync("redis-server", ["--version"]).status === 0;
const skip = present || process.env["CI"] === "true" ? false : "redis-server is not installed";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** The real redis-server on a port of its own, without files. */
async function startRedis(test: { teardown(action: () => Promise<void>): void }, port?: number): Promise<{ url: string; port: number; process: ChildProcess; client: Redis }> {
  const chosen = port ?? (await freePort());
  const process = spawn("redis-server", ["--port", String(chosen), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of process.stdout) if (String(line).includes("Ready to accept connections")) break;
  process.stdout.resume();
  const client = new Redis(chosen, "127.0.0.1", { retryStrategy: () => null });
  client.on("error", () => undefined);
  test.teardown(async () => {
    client.disconnect();
    if (process.exitCode === null && process.signalCode === null) {
      process.kill("SIGKILL");
      await once(process, "exit");
    }
  });
  return { url: `redis://127.0.0.1:${chosen}/0`, port: chosen, process, client };
}

/** Two instruments with vectors of one set; the newest of ONE is {a: 2.5, b: null}. */
async function seedVectors(db: TestDatabase): Promise<void> {
  await db.query("insert into pipeline.pipeline_run (flow, step, status) values ('test', 'test', 'running')");
  await db.query("insert into market.exchange (mic, name, time_zone, country) values ('XTST', 'Test', 'UTC', 'US')");
  await db.query("insert into market.instrument (symbol, mic) values ('ONE', 'XTST'), ('TWO', 'XTST'), ('NONE', 'XTST')");
  await db.query("insert into feature.feature_set (name, description) values ('pair', 'Two features.')");
  await db.query("insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql) select feature_set_id, 'v1', '{a,b}', '{}', '' from feature.feature_set where name = 'pair'");
  await db.query(`insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
    select i.instrument_id, v.feature_set_version_id, d.ts, d.values, d.ts + interval '21 hours', r.run_id
    from market.instrument i, feature.feature_set_version v, pipeline.pipeline_run r,
      (values ('2020-01-02Z'::timestamptz, '{1.5,0.1}'::float8[]), ('2020-01-03Z', '{2.5,null}')) d (ts, values)
    where i.symbol in ('ONE', 'TWO') and v.version = 'v1'`);
}

const newest = { symbol: "ONE", set: "pair", version: "v1", ts: new Date("2020-01-03Z"), knownFrom: new Date("2020-01-03T21:00Z"), revision: 1, values: { a: 2.5, b: null } };

t.test("without Redis the database answers", async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const reader = openFeatureReader(db.reader, undefined, t.fail);
  t.strictSame(await reader.latest("pair", "ONE"), newest);
  t.equal(await reader.latest("pair", "NONE"), undefined);
  t.equal(await reader.latest("nothing", "ONE"), undefined);
  reader.close();
});

t.test("published vectors are read from Redis, and the answer is the same", { skip }, async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const redis = await startRedis(t);
  t.equal(await publishLatest(db.worker, redis.url, t.fail), 2);
  t.equal(await redis.client.get(currentKey("pair")), "v1");
  t.ok((await redis.client.ttl(latestKey("pair", "v1", "ONE"))) > 0, "nothing stays for ever");

  // A database that must not be asked.
  const never = { query: () => Promise.reject(new Error("the database was asked")) };
  const reader = openFeatureReader(never, redis.url, t.fail);
  t.teardown(() => reader.close());
  await untilReady(reader, () => reader.latest("pair", "ONE"));
  t.strictSame(await reader.latest("pair", "ONE"), newest);
  await t.rejects(reader.latest("pair", "NONE"), /was asked/, "what is not published is asked of the database");
});

t.test("NaN and infinities survive", { skip }, async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  await db.query("update feature.feature_vector set values = '{NaN,-Infinity}' where ts = '2020-01-03Z'");
  const redis = await startRedis(t);
  await publishLatest(db.worker, redis.url, t.fail);
  const plain = openFeatureReader(db.reader, undefined, t.fail);
  const cached = openFeatureReader(db.reader, redis.url, t.fail);
  t.teardown(() => cached.close());
  await untilReady(cached, () => cached.latest("pair", "ONE"));
  t.strictSame((await plain.latest("pair", "ONE"))?.values, { a: NaN, b: -Infinity });
  t.strictSame(await cached.latest("pair", "ONE"), await plain.latest("pair", "ONE"));
});

t.test("garbage, a flush and another version are answered by the database", { skip }, async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const redis = await startRedis(t);
  await publishLatest(db.worker, redis.url, t.fail);
  const warnings: string[] = [];
  const reader = openFeatureReader(db.reader, redis.url, (message) => warnings.push(message));
  t.teardown(() => reader.close());
  await untilReady(reader, () => reader.latest("pair", "ONE"));
  const key = latestKey("pair", "v1", "ONE");
  const other = await redis.client.hget(latestKey("pair", "v1", "TWO"), "json");
  for (const garbage of ["", "{}", "null", "not json", '{"symbol":"ONE"}', other ?? "", JSON.stringify({ ...newest, ts: "nonsense" })]) {
    await redis.client.hset(key, "json", garbage);
    t.strictSame(await reader.latest("pair", "ONE"), newest, garbage.slice(0, 40));
  }
  await redis.client.set(key, "a value of another type");
  t.strictSame(await reader.latest("pair", "ONE"), newest, "another type");
  t.equal(await publishLatest(db.worker, redis.url, t.fail), 2, "the next publication mends it");
  t.equal(await redis.client.type(key), "hash");
  await redis.client.flushall();
  t.strictSame(await reader.latest("pair", "ONE"), newest, "flushed");
  await redis.client.set(currentKey("pair"), "other");
  t.strictSame(await reader.latest("pair", "ONE"), newest, "a version that is not there");
});

t.test("of two publications the one with the newer data stays", { skip }, async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const redis = await startRedis(t);
  await publishLatest(db.worker, redis.url, t.fail);
  const key = latestKey("pair", "v1", "ONE");
  await redis.client.hset(key, "stamp", "9000000000000000", "json", "newer");
  await publishLatest(db.worker, redis.url, t.fail);
  t.equal(await redis.client.hget(key, "json"), "newer");
});

t.test("a Redis that is away, slow or refuses costs one warning and a quarter of a second, and no answer", { skip }, async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const warnings: string[] = [];
  const say = (message: string) => warnings.push(message);
  const ask = async (reader: { latest(set: string, symbol: string): Promise<unknown> }, what: string) => {
    const started = performance.now();
    t.strictSame(await reader.latest("pair", "ONE"), newest, what);
    t.ok(performance.now() - started < 1_000, `${what}: ${(performance.now() - started).toFixed(0)} ms`);
  };

  t.equal(await publishLatest(db.worker, `redis://127.0.0.1:${await freePort()}/0`, say), 0);
  t.equal(warnings.length, 1);
  t.match(warnings[0], /^Redis does not answer .*: features are read from PostgreSQL\.$/);

  warnings.length = 0;
  const redis = await startRedis(t);
  await publishLatest(db.worker, redis.url, say);
  const reader = openFeatureReader(db.reader, redis.url, say);
  t.teardown(() => reader.close());
  await untilReady(reader, () => reader.latest("pair", "ONE"));
  t.equal(warnings.length, 0);
  redis.process.kill("SIGSTOP");
  await ask(reader, "stopped");
  await ask(reader, "stopped still");
  t.equal(warnings.length, 1, "one warning");
  redis.process.kill("SIGCONT");
  await ask(reader, "going again");
  redis.process.kill("SIGKILL");
  await once(redis.process, "exit");
  await ask(reader, "killed");
  await ask(reader, "killed still");
  t.ok(warnings.length <= 2, "one warning each time it goes away");

  const again = await startRedis(t, redis.port);
  await publishLatest(db.worker, again.url, say);
  await sleep(2_500);
  await again.client.hset(latestKey("pair", "v1", "ONE"), "json", JSON.stringify({ ...newest, values: { a: 9, b: 9 } }));
  t.strictSame((await reader.latest("pair", "ONE"))?.values, { a: 9, b: 9 }, "it is used again when it is back");

  await again.client.config("SET", "requirepass", "secret");
  warnings.length = 0;
  t.equal(await publishLatest(db.worker, `redis://:wrong@127.0.0.1:${again.port}/0`, say), 0, "a wrong password");
  t.equal(warnings.length, 1);
  t.notMatch(warnings[0], /wrong@|secret/, "which is not shown");
});

/** Readers do not wait for the connection; a test has to. */
async function untilReady(reader: { latest(set: string, symbol: string): Promise<unknown> }, read: () => Promise<unknown>): Promise<void> {
  await sleep(300);
  await read().catch(() => reader);
}
