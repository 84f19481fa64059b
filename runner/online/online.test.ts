import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { testDatabase, type TestDatabase } from "../../db/tests/support/database.ts";
import { freePort, startRedisServer, withoutRedis, type RedisServer } from "../testing/redis-server.ts";
import { startWorker } from "../worker/worker.ts";
import { auditOnline } from "./audit.ts";
import { EXPIRY_SECONDS, openPublisher, type Publisher } from "./publish.ts";
import { startEndpoint, type Endpoint } from "./testing/endpoint.ts";
import { changeNewest, seedVectors } from "./testing/vectors.ts";

interface Answer {
  readonly status: number;
  readonly source: string | null;
  readonly fallback: string | null;
  readonly headers: Headers;
  readonly text: string;
  readonly body: { instruments: { symbol: string; values: Record<string, unknown> | null }[]; error: { code: string; message: string; hint: string } };
}

async function get(api: Endpoint, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${api.url}${path}`, init);
  const text = await response.text();
  const { headers, status } = response;
  return { status, headers, text, source: headers.get("marketbase-source"), fallback: headers.get("marketbase-fallback"), body: text === "" ? undefined : JSON.parse(text) };
}

/** Asks until the answer comes from where it should; the last answer. */
async function untilSource(api: Endpoint, path: string, source: string): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await get(api, path);
    if (answer.source === source || tries === 100) return answer;
    await sleep(50);
  }
}

const both = "/features/pair?symbols=ONE,TWO";
const newest =
  '{"set":"pair","version":"v1","instruments":[' +
  '{"symbol":"ONE","ts":"2020-01-03T00:00:00Z","known_from":"2020-01-03T21:00:00.000001Z","revision":1,"values":{"a":2.5,"b":null}},' +
  '{"symbol":"TWO","ts":"2020-01-03T00:00:00Z","known_from":"2020-01-03T21:00:00.000001Z","revision":1,"values":{"a":-0,"b":0.1}}]}\n';

t.test("without Redis the database answers", async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const api = await startEndpoint(t, db);

  t.test("the newest vectors, by name", async (t) => {
    const { status, text, source, fallback, headers } = await get(api, both);
    t.equal(status, 200);
    t.equal(text, newest);
    t.equal(source, "postgresql");
    t.equal(fallback, "redis-off=2");
    t.equal(headers.get("content-type"), "application/json; charset=utf-8");
    t.equal(headers.get("cache-control"), "no-store");
    t.equal(headers.get("x-content-type-options"), "nosniff");
    t.match(headers.get("content-security-policy"), /default-src 'none'/);
  });
  t.test("in the order of the symbols, each once, in any case; chosen features, an older version, an instrument without vectors", async (t) => {
    t.strictSame((await get(api, "/features/pair?symbols=two,ONE,Two,")).body.instruments.map(({ symbol }) => symbol), ["TWO", "ONE"]);
    t.strictSame((await get(api, "/features/pair?symbols=ONE&features=b,a&format=json")).text.match(/"values":.*?\}/)?.[0], '"values":{"b":null,"a":2.5}');
    t.match((await get(api, "/features/pair?symbols=ONE&version=v0")).body, { version: "v0", instruments: [{ symbol: "ONE", values: { a: 7 } }] });
    t.match((await get(api, "/features/pair?symbols=NONE")).body.instruments, [{ symbol: "NONE", ts: null, known_from: null, revision: null, values: null }]);
  });
  t.test("mistakes are named", async (t) => {
    const long = Array.from({ length: 501 }, (_, i) => `S${i}`).join(",");
    for (const [path, status, code, message] of [
      ["/features/nothing?symbols=ONE", 404, "MB003", /no feature set 'nothing'/],
      ["/features/?symbols=ONE", 404, "MB003", /not the name of a feature set/],
      ["/features/pair/x?symbols=ONE", 404, "MB003", /not the name/],
      ["/features/pair'--?symbols=ONE", 404, "MB003", /not the name/],
      ["/features/pair?symbols=OEN", 404, "MB002", /"OEN"/],
      ["/features/pair?symbols=ONE%27%3B--", 404, "MB002", /cannot be a symbol/],
      ["/features/pair?symbols=ONE%00", 404, "MB002", /cannot be a symbol/],
      ["/features/pair?symbols=ONE&version=v9", 404, "MB003", /no version 'v9'/],
      ["/features/pair?symbols=ONE&version=%00", 404, "MB003", /is not a version/],
      ["/features/pair?symbols=ONE&features=a,z", 404, "MB003", /no feature "z"/],
      ["/features/pair?symbols=ONE&features=", 400, "MB001", /names none/],
      ["/features/pair", 400, "MB001", /No symbol/],
      ["/features/pair?symbols=,,", 400, "MB001", /No symbol/],
      ["/features/pair?symbols=ONE&symbols=TWO", 400, "MB001", /given twice/],
      ["/features/pair?symbol=ONE", 400, "MB001", /no parameter "symbol"/],
      ["/features/pair?symbols=ONE&format=csv", 400, "MB001", /no format "csv"/],
      ["/features/pair?symbols=%E0%A4%A", 400, "MB001", /%/],
      [`/features/pair?symbols=${long}`, 400, "MB001", /501 symbols/],
      [`/features/pair?symbols=${"A".repeat(9_000)}`, 414, "MB001", /9023 characters/],
    ] as const) {
      const answer = await get(api, path);
      t.equal(answer.status, status, path.slice(0, 60));
      t.equal(answer.body.error.code, code, path.slice(0, 60));
      t.match(answer.body.error.message, message);
      t.ok(answer.body.error.hint);
      t.equal(answer.headers.get("x-content-type-options"), "nosniff");
    }
    t.equal((await get(api, `/features/pair?symbols=${"A".repeat(20_000)}`).catch(() => ({ status: 431 }))).status, 431);
    t.strictSame(api.log, [], "none of them is a matter for the log");
  });
  t.test("GET and HEAD, OPTIONS, and nothing else", async (t) => {
    const head = await get(api, both, { method: "HEAD" });
    t.equal(head.status, 200);
    t.equal(head.text, "");
    t.equal(head.headers.get("content-length"), String(Buffer.byteLength(newest)));
    const options = await get(api, both, { method: "OPTIONS" });
    t.equal(options.status, 204);
    t.equal(options.headers.get("allow"), "GET, HEAD, OPTIONS");
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const answer = await get(api, both, { method });
      t.equal(answer.status, 405, method);
      t.equal(answer.headers.get("allow"), "GET, HEAD, OPTIONS");
    }
  });
  t.test("the database is asked as marketbase_reader, and a table that it may not read is not read", async (t) => {
    await db.query("revoke select on feature.feature_vector from marketbase_reader");
    const { status, body } = await get(api, both);
    t.equal(status, 500);
    t.match(body.error.message, /its log has the reason under/);
    t.notMatch(body.error.message, /feature_vector/);
    t.match(api.log.join(), /permission denied for table feature_vector/);
    await db.query("grant select on feature.feature_vector to marketbase_reader");
  });
});

t.test("in memory", async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const api = await startEndpoint(t, db, undefined, 1 << 20);

  t.test("what was read before is answered from memory with the same bytes, and the database is not asked", async (t) => {
    t.equal((await get(api, both)).source, "postgresql");
    await untilSource(api, both, "memory");
    await db.query("revoke select on feature.feature_vector from marketbase_reader");
    const again = await get(api, both);
    t.equal(again.text, newest);
    t.equal(again.source, "memory");
    t.equal(again.fallback, null);
    t.equal((await get(api, "/features/pair?symbols=TWO&features=b")).source, "memory", "another request, the same vector");
    await db.query("grant select on feature.feature_vector to marketbase_reader");
    t.equal((await get(api, "/features/pair?symbols=ONE&version=v0")).source, "postgresql", "a version that is not in force");
    t.equal((await get(api, "/features/pair?symbols=ONE,NONE")).source, "memory, postgresql", "that there is no vector is for the database to say");
  });

  t.test("no answer is older than one before it, and a commit is seen within moments", async (t) => {
    let before = 2.5;
    let latest = 0;
    let fromMemory = 0;
    for (let i = 1; i <= 60; i++) {
      if ((await untilSource(api, both, "memory")).source === "memory") fromMemory++;
      await changeNewest(db, "ONE", `{${1000 + i},0}`);
      const committed = performance.now();
      for (;;) {
        const seen = Number((await get(api, both)).body.instruments[0]?.values?.["a"]);
        if (seen === 1000 + i) break;
        latest = Math.max(latest, performance.now() - committed);
        if (seen !== before || latest > 1_000) return t.fail(`saw ${seen} after ${1000 + i}`);
      }
      before = 1000 + i;
    }
    t.equal(fromMemory, 60);
    t.ok(latest < 250, `the value before was last seen ${latest.toFixed(1)} ms after a commit`);
  });

  t.test("a deleted vector, another version in force, a symbol that is renamed", async (t) => {
    await untilSource(api, both, "memory");
    await db.query("delete from feature.feature_vector v using market.instrument i where i.instrument_id = v.instrument_id and i.symbol = 'TWO' and ts = '2020-01-03Z'");
    t.match((await untilBody(api, both, ({ body }) => body.instruments[1]?.values?.["a"] === 1)).body.instruments[1]?.values, { a: 1, b: 1 });
    await untilSource(api, both, "memory");
    await db.query(`with old as (update feature.feature_set_version set is_current = false where version = 'v1' returning *)
      insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql) select feature_set_id, 'v2', '{c}', '{}', '' from old`);
    t.match((await untilBody(api, both, ({ body }) => body.instruments[0]?.values === null)).body, { version: "v2" });
    await db.query("delete from feature.feature_set_version where version = 'v2'");
    await db.query("update feature.feature_set_version set is_current = true where version = 'v1'");
    await untilSource(api, both, "memory");
    await db.query("update market.instrument set symbol = 'OLD' where symbol = 'TWO'");
    t.equal((await untilBody(api, both, ({ status }) => status === 404)).status, 404);
  });

  t.test("while changes cannot be followed, nothing is answered from memory", async (t) => {
    await untilSource(api, "/features/pair?symbols=ONE", "memory");
    await terminateOnline(db);
    await changeNewest(db, "ONE", "{8,8}");
    t.match((await untilBody(api, "/features/pair?symbols=ONE", ({ body }) => body.instruments[0]?.values?.["a"] === 8)).body.instruments[0]?.values, { a: 8 });
    t.equal((await untilSource(api, "/features/pair?symbols=ONE", "memory")).source, "memory");
  });
});

t.test("with Redis", { skip: withoutRedis }, async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const redis = await startRedisServer();
  t.teardown(() => redis.stop());
  const api = await startEndpoint(t, db, redis.url);
  const remembering = await startEndpoint(t, db, redis.url, 1 << 20);
  const warnings: string[] = [];
  const publisher = openPublisher(db.worker, redis.url, (message) => warnings.push(message));
  t.teardown(async () => publisher.close());
  const key = await keyOf(db, "ONE");

  t.test("published once, with an hour to live, and the same bytes are answered from Redis as without it", async (t) => {
    const before = await untilFallback(api, both, "missing=2");
    t.equal(before.text, newest);
    t.equal(before.source, "postgresql");
    t.equal(await publisher.publish(), 2, "the version in force alone");
    t.equal(await publisher.publish(), 0, "and once");
    t.ok((await redis.client.ttl(key)) > EXPIRY_SECONDS - 10);
    const after = await get(api, both);
    t.equal(after.source, "redis");
    t.equal(after.fallback, null);
    t.equal(after.text, newest);
    t.equal((await get(api, "/features/pair?symbols=NONE")).fallback, "missing=1", "that there is no vector is for the database to say");
    const old = await get(api, "/features/pair?symbols=ONE&version=v0");
    t.equal(old.fallback, "other-version=1");
    t.match(old.body.instruments, [{ values: { a: 7 } }]);
    t.equal((await get(api, "/features/pair?symbols=ONE&version=v1")).source, "redis");
    t.equal((await get(api, "/features/pair?symbols=ONE&features=z")).status, 404);
    t.equal((await get(api, "/features/pair?symbols=ONE,OEN")).status, 404);
  });

  t.test("the database is not asked for what is in Redis", async (t) => {
    await db.query("revoke select on feature.feature_vector from marketbase_reader");
    t.equal((await get(api, both)).text, newest);
    await db.query("grant select on feature.feature_vector to marketbase_reader");
  });

  t.test("a change counts from its commit on, published or not", async (t) => {
    await changeNewest(db, "ONE", "{3,4}");
    const changed = await untilSource(api, both, "redis, postgresql");
    t.equal(changed.fallback, "outdated=1");
    t.match(changed.body.instruments[0], { revision: 2, values: { a: 3, b: 4 } });
    t.equal(await publisher.publish(), 1);
    const published = await untilSource(api, both, "redis");
    t.equal(published.text, changed.text);
    await db.query("delete from feature.feature_vector v using market.instrument i where i.instrument_id = v.instrument_id and i.symbol = 'TWO' and ts = '2020-01-03Z'");
    t.match((await untilSource(api, both, "redis, postgresql")).body.instruments[1], { symbol: "TWO", values: { a: 1, b: 1 } }, "the bar before is the newest again");
    await publisher.publish();
    t.match((await untilSource(api, both, "redis")).body.instruments[1], { symbol: "TWO", values: { a: 1, b: 1 } });
  });

  t.test("while values change and are published all the time, no answer is older than one before it, and a commit is seen within moments", async (t) => {
    let going = true;
    const publishing = (async () => {
      while (going) {
        await publisher.publish();
        await sleep(2);
      }
    })();
    let latest = 0;
    let fromRedis = 0;
    let before = Number((await get(api, both)).body.instruments[0]?.values?.["a"]);
    t.teardown(async () => {
      going = false;
      await publishing;
    });
    for (let i = 1; i <= 60; i++) {
      await changeNewest(db, "ONE", `{${1000 + i},0}`);
      const committed = performance.now();
      for (;;) {
        const answer = await get(api, "/features/pair?symbols=ONE");
        if (answer.source === "redis") fromRedis++;
        const seen = Number(answer.body.instruments[0]?.values?.["a"]);
        if (seen === 1000 + i) break;
        latest = Math.max(latest, performance.now() - committed);
        if (seen !== before || latest > 1_000) return t.fail(`saw ${seen} after ${1000 + i}`);
      }
      before = 1000 + i;
      if (i % 10 === 0 && (await untilSource(api, "/features/pair?symbols=ONE", "redis")).source === "redis") fromRedis++;
    }
    t.ok(fromRedis >= 6, `${fromRedis} of the answers came from Redis`);
    t.ok(latest < 250, `the value before was last seen ${latest.toFixed(1)} ms after a commit`);
    t.match((await untilSource(api, "/features/pair?symbols=ONE", "redis")).body.instruments[0]?.values, { a: 1060 });
  });

  t.test("NaN, infinities and the smallest and largest doubles survive, the same from both", async (t) => {
    for (const values of ["{NaN,-Infinity}", "{Infinity,-0}", "{5e-324,1.7976931348623157e308}", "{null,null}"]) {
      await changeNewest(db, "ONE", values);
      const direct = await untilBody(api, both, ({ fallback }) => fallback === "outdated=1");
      t.equal(await publisher.publish(), 1, values);
      t.equal((await untilSource(api, both, "redis")).text, direct.text);
      t.ok(direct.text.includes(`"values":{"a":${["NaN", "Infinity"].includes(values.slice(1).split(",")[0] ?? "") ? `"${values.slice(1).split(",")[0]}"` : ""}`));
    }
  });

  t.test("a worker warms Redis at its start and publishes each change after its commit", async (t) => {
    await redis.client.flushall();
    const worker = await startWorker(db.url("worker"), { redisUrl: redis.url, onMessage: (message) => warnings.push(message) });
    try {
      t.equal((await untilSource(api, both, "redis")).status, 200, "warm");
      await changeNewest(db, "ONE", "{11,12}");
      const client = await db.worker.connect();
      try {
        await client.query("begin");
        await client.query("update feature.online_vector set generation = generation where instrument_id = (select instrument_id from market.instrument where symbol = 'TWO')");
        t.match((await untilBody(api, both, ({ source, body }) => source === "redis" && body.instruments[0]?.values?.["a"] === 11)).source, "redis", "a change that has not ended holds nobody up");
        await client.query("rollback");
      } finally {
        client.release();
      }
    } finally {
      await worker.stop();
    }
    t.strictSame(warnings, []);
  });

  t.test("a publisher that ended between commit and publication leaves the work to the next one", async (t) => {
    await changeNewest(db, "ONE", "{5,6}");
    const next = openPublisher(db.worker, redis.url, t.fail);
    t.teardown(async () => next.close());
    t.equal(await next.sweep(), 1);
    t.match((await untilSource(api, both, "redis")).body.instruments[0]?.values, { a: 5, b: 6 });
    await db.query("update feature.online_vector set published_generation = null");
    t.equal(await next.sweep(), 2, "and what was written but not recorded is written again");
  });

  t.test("a late writer that writes what is outdated is not believed", async (t) => {
    const old = (await redis.client.getBuffer(key)) as Buffer;
    await changeNewest(db, "ONE", "{7,8}");
    await publisher.publish();
    await redis.client.set(key, old);
    const answer = await untilFallback(api, both, "outdated=1");
    t.match(answer.body.instruments[0]?.values, { a: 7, b: 8 });
    t.equal(await publisher.sweep(), 1, "the sweep mends it");
    t.equal((await get(api, both)).source, "redis");
  });

  t.test("F8: garbage, a value of another key, another type, a flush", async (t) => {
    const good = (await redis.client.getBuffer(key)) as Buffer;
    const other = (await redis.client.getBuffer(await keyOf(db, "TWO"))) as Buffer;
    const expected = (await get(api, both)).text;
    const flipped = Buffer.from(good);
    flipped[49] = (flipped[49] as number) ^ 1;
    for (const [what, bytes] of Object.entries({
      empty: Buffer.alloc(0), text: Buffer.from("not a vector"), truncated: good.subarray(0, -1), longer: Buffer.concat([good, good]), flipped, other, zeros: Buffer.alloc(good.length),
    })) {
      await redis.client.set(key, bytes);
      const answer = await get(api, both);
      t.equal(answer.text, expected, what);
      t.equal(answer.fallback, "garbage=1", what);
    }
    await redis.client.del(key);
    await redis.client.lpush(key, "a list");
    for (const path of [both, "/features/pair?symbols=ONE"]) {
      t.equal((await get(api, path)).status, 200, "a list");
      t.match((await get(api, path)).fallback, /^(missing|garbage)=1$/);
    }
    t.equal(await publisher.sweep(), 1);
    t.equal((await get(api, both)).source, "redis");
    await redis.client.flushall();
    const flushed = await get(api, both);
    t.equal(flushed.text, expected);
    t.equal(flushed.fallback, "missing=2");
    t.equal(await publisher.sweep(), 2);
    t.equal((await get(api, both)).text, expected);
    t.equal((await get(api, both)).source, "redis");
  });

  t.test("a new version is in force from its commit on; a symbol that is renamed or added is known at once", async (t) => {
    await db.query(`with old as (update feature.feature_set_version set is_current = false where version = 'v1' returning *)
      insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql) select feature_set_id, 'v2', '{c}', '{}', '' from old`);
    await untilBody(api, both, ({ body }) => body.instruments[0]?.values === null);
    const changed = await get(api, both);
    t.match(changed.body, { version: "v2", instruments: [{ symbol: "ONE", values: null }, { symbol: "TWO", values: null }] });
    await db.query("insert into market.instrument (symbol, mic) values ('NEW', 'XTST')");
    t.match((await get(api, "/features/pair?symbols=NEW")).body.instruments, [{ symbol: "NEW", values: null }]);
    await db.query("update market.instrument set symbol = 'OLD' where symbol = 'TWO'");
    await untilBody(api, both, ({ status }) => status === 404);
    t.equal((await get(api, "/features/pair?symbols=OLD")).status, 200);
    await db.query("update market.instrument set symbol = 'TWO' where symbol = 'OLD'");
    await db.query("delete from feature.feature_set_version where version = 'v2'");
    await db.query("update feature.feature_set_version set is_current = true where version = 'v1'");
    t.equal((await untilSource(api, both, "redis")).status, 200);
  });

  t.test("F6: connections that break: each read is asked again on another one, and changes are followed again", async (t) => {
    const holder = await db.owner.connect();
    let asked: Promise<Answer>;
    try {
      await holder.query("begin; lock table feature.feature_vector in access exclusive mode");
      asked = get(api, "/features/pair?symbols=ONE&version=v0");
      const waiting = "select exists (select from pg_stat_activity where application_name = 'marketbase online' and wait_event_type = 'Lock' and datname = current_database())";
      for (let tries = 0; tries < 300 && !(await db.value<boolean>(waiting, [], "admin")); tries++) await sleep(10);
      t.ok((await terminateOnline(db)) >= 2, "the listening one and the one that reads");
    } finally {
      await holder.query("rollback");
      holder.release();
    }
    t.equal((await asked).status, 200);
    await changeNewest(db, "ONE", "{9,9}");
    t.match((await untilBody(api, both, ({ body }) => body.instruments[0]?.values?.["a"] === 9)).body.instruments[0]?.values, { a: 9, b: 9 });
    await publisher.publish();
    t.match((await untilSource(api, both, "redis")).body.instruments[0]?.values, { a: 9, b: 9 });
  });

  t.test("an audit passes, finds a planted difference and garbage with the bits, and has them published again", async (t) => {
    const clean = await auditOnline(db.worker, redis.url, 100);
    t.match(clean, { read: 2, compared: 2, missing: 0, differing: [] });
    await plant(redis, key, "[9,", "[9.000000000000002,");
    await redis.client.set(await keyOf(db, "TWO"), "garbage");
    t.match((await get(api, both)).fallback, /garbage=1/, "a difference with a right checksum is served; garbage is not");
    const planted = await get(remembering, "/features/pair?symbols=ONE");
    t.match(planted.text, /9\.000000000000002/);
    const found = await auditOnline(db.worker, redis.url, 100);
    t.match(found?.differing, [
      { symbol: "ONE", set: "pair", message: "Redis has other values of ONE in pair: a." },
      { symbol: "TWO", set: "pair", message: "Redis has no vector of TWO under the key of pair." },
    ]);
    const results = await db.query("select status, checked_count::int as checked, failed_count::int as failed, severity from quality.validation_result where run_id = $1", [found?.runId]);
    t.strictSame(results, [1, 2].map(() => ({ status: "failed", checked: 1, failed: 1, severity: "error" })));
    t.strictSame(await db.value("select observed from quality.validation_finding f join quality.validation_result r using (validation_result_id) where run_id = $1 and f.instrument_id = (select instrument_id from market.instrument where symbol = 'ONE')", [found?.runId]), {
      readable: true,
      differing: { a: { redis: "4022000000000001", postgresql: "4022000000000000" } },
    });
    t.match(await db.query("select status, summary from pipeline.pipeline_run where run_id = $1", [found?.runId]), [{ status: "succeeded", summary: { sampled: 2, compared: 2, failed: 2, missing: 0 } }]);
    const mended = await untilBody(remembering, "/features/pair?symbols=ONE", ({ text }) => text !== planted.text);
    t.match(mended.body.instruments[0]?.values, { a: 9, b: 9 }, "and what was remembered of it is forgotten");
    t.equal(await publisher.publish(), 2);
    t.match(await auditOnline(db.worker, redis.url, 100), { compared: 2, differing: [] });
    await changeNewest(db, "ONE", "{10,10}");
    t.match(await auditOnline(db.worker, redis.url, 100), { compared: 1, differing: [] }, "what waits to be published is no difference");
    await publisher.publish();
  });

  t.test("F8: killed in the midst of requests, down, started again empty, refusing", async (t) => {
    const expected = (await untilSource(api, both, "redis")).text;
    api.log.length = 0;
    const asked = Array.from({ length: 200 }, async (_, i) => {
      await sleep(i);
      return await get(api, both);
    });
    await sleep(100);
    await redis.stop();
    const answers = await Promise.all(asked);
    t.ok(answers.every(({ status, text }) => status === 200 && text === expected), "every request has the same answer");
    t.ok(answers.some(({ source }) => source === "redis") && answers.some(({ fallback }) => fallback === "redis-away=2"));
    t.equal(api.log.length, 1, "one warning");
    t.match(api.log[0], /^Redis does not answer/);
    t.equal(await publisher.publish(), 0);

    const again = await startRedisServer(redis.port);
    t.teardown(() => again.stop());
    t.equal((await untilFallback(api, both, "missing=2")).text, expected);
    await untilPublished(publisher, 2);
    t.equal((await untilSource(api, both, "redis")).text, expected);

    again.process.kill("SIGSTOP");
    const started = performance.now();
    const slow = await Promise.all(Array.from({ length: 20 }, () => get(api, both)));
    t.ok(slow.every(({ text, fallback }) => text === expected && fallback === "redis-away=2"));
    t.ok(performance.now() - started < 600, `a Redis that hangs costs ${Math.round(performance.now() - started)} ms once`);
    again.process.kill("SIGCONT");
    t.equal((await untilSource(api, both, "redis")).text, expected);

    await again.client.config("SET", "requirepass", "secret");
    await again.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    t.equal((await untilFallback(api, both, "redis-away=2")).text, expected, "a password that we do not have");
  });
});

t.test("F8: a Redis that was never there costs nothing but its use", async (t) => {
  const db = await testDatabase(t);
  await seedVectors(db);
  const port = await freePort();
  const api = await startEndpoint(t, db, `redis://:canary-key@127.0.0.1:${port}/0`);
  t.equal((await get(api, both)).text, newest);
  t.equal((await untilFallback(api, both, "redis-away=2")).text, newest);
  t.ok(api.log.length >= 1 && api.log.length <= 2);
  t.notMatch(api.log.join(), /canary/);
});

/** Breaks the connections of the endpoints; how many there were. */
async function terminateOnline(db: TestDatabase): Promise<number> {
  const ended = await db.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'marketbase online' and datname = current_database()", [], "admin");
  return ended.length;
}

/** Changes the text of a value and makes its checksum right again. */
async function plant(redis: RedisServer, key: string, from: string, to: string): Promise<void> {
  const { crc32 } = await import("node:zlib");
  const bytes = (await redis.client.getBuffer(key)) as Buffer;
  const planted = Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
  planted.writeUInt32BE(crc32(planted.subarray(0, -4)), planted.length - 4);
  await redis.client.set(key, planted);
}

async function keyOf(db: TestDatabase, symbol: string): Promise<string> {
  return await db.value(
    "select format('mb:%s:%s', v.feature_set_version_id, i.instrument_id) from market.instrument i, feature.feature_set_version v where i.symbol = $1 and v.version = 'v1'",
    [symbol],
  );
}

async function untilFallback(api: Endpoint, path: string, fallback: string): Promise<Answer> {
  const answer = await untilBody(api, path, (found) => found.fallback === fallback);
  if (answer.fallback !== fallback) throw new Error(`${answer.fallback} instead of ${fallback}`);
  return answer;
}

async function untilBody(api: Endpoint, path: string, wanted: (answer: Answer) => boolean): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await get(api, path);
    if (wanted(answer) || tries === 100) return answer;
    await sleep(30);
  }
}

/** A publisher needs a moment until it is connected again. */
async function untilPublished(publisher: Publisher, wanted: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await publisher.sweep()) === wanted) return;
    await sleep(50);
  }
  throw new Error(`${wanted} values were never published`);
}
