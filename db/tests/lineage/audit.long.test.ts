import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { compareHeads, parseHeads, readHeads, writeHeads } from "../../../runner/audit/heads.ts";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { runCli } from "../../../runner/testing/cli.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, openBench, randomBar, randomNumbers, startRun, type Bench, type Id } from "../feature/fixture.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { findings, messages, rowsOf, seal } from "./chain.ts";

t.setTimeout(240_000);

/** Two instruments with bars, features, lineage, a trade and a value at risk, sealed in two goes. */
async function openSealed(db: TestDatabase): Promise<Bench & { ids: Id[] }> {
  const bench = await openBench(db);
  const random = randomNumbers(7);
  const ids = [await addInstrument(bench, "AAA"), await addInstrument(bench, "BBB")];
  await defineSet(db, "mean3", { mean: "ta.rolling_mean(close, 3)" });
  for (const id of ids) {
    await addBars(bench, id, Array.from({ length: 40 }, (_, i) => randomBar(random, dayAfter(i), 100)));
    await compute(bench, "mean3", id);
  }
  await db.query("insert into portfolio.portfolio (name, base_currency, initial_cash, inception_date) values ('test', 'USD', 1000, '2020-01-01')");
  await db.query(
    `insert into portfolio.trade (instrument_id, trade_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, raw_response_id, run_id)
     select $1, '11111111-1111-1111-1111-111111111111', portfolio_id, '2020-01-06 15:00Z', '2020-01-06', 'buy', 3, 100.5, 1, 'USD', 'one', $2, $3 from portfolio.portfolio where name = 'test'`,
    [ids[0], bench.bodyId, bench.runId],
  );
  await db.query(
    `insert into risk.var_calculation (portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall, portfolio_value, run_id)
     select portfolio_id, '2020-03-02', 'historical', 0.95, 1, 100, 100, 0.02, 0.03, 1000, $1 from portfolio.portfolio where name = 'test'`,
    [bench.runId],
  );
  await seal(db);
  await addBars(bench, ids[0] as Id, [randomBar(random, dayAfter(5), 100, "2020-06-01T00:00:00Z"), randomBar(random, dayAfter(50), 100)]);
  await compute(bench, "mean3", ids[0] as Id);
  await seal(db);
  return { ...bench, ids };
}

const KEPT = [
  "market.price_data", "market.price_data_history", "feature.feature_vector", "lineage.data_lineage", "ingest.raw_response", "portfolio.trade", "risk.var_calculation",
  "lineage.audit_block", "lineage.audit_leaf",
];

t.test("F26: whatever is changed, removed or added behind the back of the database is found and named", async (t) => {
  const db = await testDatabase(t);
  const admin = db.pool("admin");
  const { ids, runId } = await openSealed(db);
  t.strictSame(await messages(db), [], "as it was sealed");
  const heads = await readHeads(db.auditor);
  const head = heads.heads[0]?.block_no ?? 0;

  await admin.query("create schema kept");
  for (const table of KEPT) await admin.query(`create table kept."${table}" as table ${table}`);
  /** As a superuser for whom no trigger fires. */
  const superuser = async (sql: string) => {
    const client = await admin.connect();
    try {
      await client.query("set session_replication_role to replica");
      await client.query(sql);
    } finally {
      client.release(true);
    }
  };
  /** As the owner of the table, who switches its triggers off. */
  const owner = (table: string) => async (sql: string) => {
    await db.query(`alter table ${table} disable trigger user`);
    await db.query(sql);
    await db.query(`alter table ${table} enable trigger user`);
  };
  /** Tables that differ have all their rows written again as they were, by another transaction. */
  const restore = async () => {
    const differ: string[] = [];
    for (const table of KEPT) {
      const kept = `kept."${table}"`;
      if (await db.value<boolean>(`select exists ((table ${table} except table ${kept}) union all (table ${kept} except table ${table}))`, [], "admin")) differ.push(table);
    }
    for (const table of differ.toReversed()) await superuser(`delete from ${table}`);
    for (const table of differ) await superuser(`insert into ${table} overriding system value table kept."${table}"`);
  };
  const first = `instrument_id = ${ids[0]} and ts = '2020-01-12Z'`;
  const block = async (stream: string) => await db.value<string>("select min(block_no)::text from lineage.audit_block where stream = $1", [stream]);
  const bars = await block("market.price_data");
  const edges = await block("lineage.data_lineage");
  const vectors = await block("feature.feature_vector");
  const bar = `instrument_id ${ids[0]}, bar_interval 1d, ts 2020-01-12 00:00:00+00, version 1`;

  await t.test("a block taken out", async (t) => {
    await superuser(`delete from lineage.audit_leaf where block_no = ${edges}; delete from lineage.audit_block where block_no = ${edges}`);
    const found = await findings(db);
    t.match(found[0], { kind: "chain", message: `block ${edges} is missing` });
    t.ok(found.some(({ kind, stream, message }) => kind === "inserted" && stream === "lineage.data_lineage" && /lies in no block, although its transaction was finished/.test(message)));
    await restore();
  });

  const cases: { what: string; by: (sql: string) => Promise<unknown>; sql: string; found: (string | RegExp)[] }[] = [
    {
      what: "keys that cannot be read", by: superuser, sql: `update lineage.audit_leaf set keys[1] = '{x}' where block_no = ${bars}`,
      found: [/^chain: block \d+: leaf 0 was changed/, /^unreadable: the keys of leaf 0 of block \d+ cannot be read: invalid input syntax/, /^unreadable: market.price_data: what lies in no block cannot be said/],
    },
    {
      what: "a block without its leaves", by: superuser, sql: `delete from lineage.audit_leaf where block_no = ${head}`,
      found: [`chain: the leaves of block ${head} are not those that were sealed`, /^inserted: market.price_data_history: .*lies in no block, although its transaction was finished/],
    },
    {
      what: "a price changed in its last bit", by: owner("market.price_data"), sql: `update market.price_data set close = close * (1 + 2.3e-16) where ${first}`,
      found: [`changed: market.price_data: the row with ${bar} is not as block ${bars} has it`],
    },
    {
      what: "the same by a superuser", by: superuser, sql: `update market.price_data set close = close * (1 + 2.3e-16) where ${first}`,
      found: [`changed: market.price_data: the row with ${bar} is not as block ${bars} has it`],
    },
    {
      what: "two rows that change places", by: superuser,
      sql: `update market.price_data set open = other.open, high = other.high, low = other.low, close = other.close
            from kept."market.price_data" as other
            where (price_data.instrument_id, other.instrument_id) in ((${ids[0]}, ${ids[1]}), (${ids[1]}, ${ids[0]})) and price_data.ts = '2020-01-12Z' and other.ts = '2020-01-12Z'`,
      found: [/^changed: market.price_data: .*ts 2020-01-12/, /^changed: market.price_data: .*ts 2020-01-12/],
    },
    {
      what: "a bar removed", by: superuser, sql: `delete from market.price_data where ${first}`,
      found: [`deleted: market.price_data: the row with ${bar} is gone; block ${bars} has it`],
    },
    {
      what: "a closed version whose end is moved", by: owner("market.price_data_history"), sql: "update market.price_data_history set known_to = known_to + interval '1 day'",
      found: [/^changed: market.price_data_history: the row with .*ts 2020-01-07 00:00:00\+00, version 1 is not as block \d+ has it$/],
    },
    {
      what: "a closed version changed: as version and as row of the history", by: superuser, sql: "update market.price_data_history set volume = volume + 1",
      found: [/^changed: market.price_data: .*version 1/, /^changed: market.price_data_history: .*version 1/],
    },
    {
      what: "the byte of a body", by: owner("ingest.raw_response"), sql: "update ingest.raw_response set body = set_byte(body, 0, 65), sha256 = encode(sha256(set_byte(body, 0, 65)), 'hex')",
      found: [/^changed: ingest.raw_response: the row with raw_response_id \d+ is not as block \d+ has it$/],
    },
    {
      what: "a value of a feature", by: superuser, sql: `update feature.feature_vector set values[1] = 'NaN' where ${first}`,
      found: [/^changed: feature.feature_vector: the row with instrument_id \d+, feature_set_version_id \d+, ts 2020-01-12 00:00:00\+00, revision 1 is not/],
    },
    {
      what: "an edge removed", by: owner("lineage.data_lineage"), sql: "delete from lineage.data_lineage where data_lineage_id = (select min(data_lineage_id) from lineage.data_lineage)",
      found: [new RegExp(`^deleted: lineage.data_lineage: the row with data_lineage_id \\d+ is gone; block ${edges} has it$`)],
    },
    {
      what: "a table emptied", by: owner("feature.feature_vector"), sql: `delete from feature.feature_vector where instrument_id = ${ids[1]}`,
      found: [...Array.from({ length: 20 }, () => /^deleted: feature.feature_vector: /), new RegExp(`^deleted: feature.feature_vector: 20 more rows of leaf 0 of block ${vectors}$`)],
    },
    {
      what: "a trade of last year, added today", by: owner("portfolio.trade"),
      sql: "insert into portfolio.trade select instrument_id, '22222222-2222-2222-2222-222222222222', portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, 'forged', recorded_at - interval '1 year', raw_response_id, run_id from portfolio.trade",
      found: [/^inserted: portfolio.trade: the row with instrument_id \d+, trade_id 22222222-2222-2222-2222-222222222222 lies in no block, although it says that it was recorded 20/],
    },
    {
      what: "a figure that may be replaced, but not without another run", by: superuser, sql: "update risk.var_calculation set value_at_risk = 0.01",
      found: [/^changed: risk.var_calculation: the row with var_calculation_id \d+, run_id \d+ is not/],
    },
    {
      what: "the digests of a leaf", by: owner("lineage.audit_leaf"), sql: `update lineage.audit_leaf set digests = set_byte(digests, 0, 255 - get_byte(digests, 0)) where block_no = ${bars} and leaf_no = 0`,
      found: [`chain: block ${bars}: leaf 0 was changed: its hash is not that of what it says`],
    },
    {
      what: "a price and its leaf, made to fit", by: superuser,
      sql: `update market.price_data set volume = volume + 1 where ${first};
            update lineage.audit_leaf as leaf set content_hash = sha256(leaf.content_hash) where block_no = ${bars} and leaf_no = 0;
            update lineage.audit_leaf as leaf set hash = lineage.audit_leaf_hash(leaf) where block_no = ${bars}`,
      found: [`chain: the leaves of block ${bars} are not those that were sealed`, `changed: market.price_data: the row with ${bar} is not as block ${bars} has it`],
    },
    {
      what: "the time of a block", by: superuser, sql: `update lineage.audit_block set sealed_at = sealed_at - interval '1 day' where block_no = ${edges}`,
      found: [`chain: block ${edges} was changed: its hash is not that of what it says`],
    },
    {
      what: "the time of a block and its hash", by: superuser,
      sql: `update lineage.audit_block set sealed_at = sealed_at - interval '1 day' where block_no = ${edges};
            update lineage.audit_block as block set hash = lineage.audit_block_hash(block) where block_no = ${edges}`,
      found: [`chain: block ${Number(edges) + 1} does not follow block ${edges}: one of them is not the one that was sealed`],
    },
  ];
  for (const { what, by, sql, found } of cases) {
    await by(sql);
    const said = await messages(db);
    t.equal(said.length, found.length, `${what}: ${said.join("; ")}`);
    for (const [i, expected] of found.entries()) t.match(said[i], expected, what);
    await restore();
  }
  t.strictSame(await messages(db), [], "restored, it is as it was sealed");
  t.strictSame(await seal(db), [], "although every row was written anew, none is new");

  t.test("the end cut off, and the whole written anew: only the head outside knows", async (t) => {
    const file = join(t.testdir({}), "heads.json");
    await writeHeads(file, heads);
    const kept = parseHeads(await readFile(file, "utf8"), file);
    t.strictSame(kept, heads, "the file says what was written");
    t.strictSame(await compareHeads(db.auditor, kept), []);
    await superuser(`delete from lineage.audit_leaf where block_no = ${head}; delete from lineage.audit_block where block_no = ${head}`);
    t.strictSame((await findings(db)).filter(({ kind }) => kind === "chain"), [], "a chain that is shorter is a chain");
    t.match(await compareHeads(db.auditor, kept), [{ kind: "truncated", block_no: head, message: /^the chain ends with block \d+, and the head kept on .* has block \d+ with \d+ rows up to it: its end was cut off$/ }]);
    await restore();

    await superuser(`update market.price_data set volume = volume + 1 where ${first}`);
    await superuser("delete from lineage.audit_leaf; delete from lineage.audit_block");
    t.match(await compareHeads(db.auditor, kept), [{ kind: "truncated", block_no: 1 }], "no chain at all");
    for (let i = 0; i < 3; i++) {
      await startRun(db).then((run) => db.query("select pipeline.finish_run($1)", [run]));
      await seal(db);
    }
    t.strictSame(await messages(db), [], "the new chain is whole");
    t.match(await compareHeads(db.auditor, kept), [{ kind: /rewritten|truncated/ }, { kind: "rewritten", block_no: 1, message: /written anew from its beginning$/ }].slice(-1));
    t.ok((await findings(db, { heads: [kept] })).some(({ kind }) => kind === "rewritten"));
    await restore();
    await superuser(`delete from lineage.audit_leaf where block_no > ${head - 2}; delete from lineage.audit_block where block_no > ${head - 2}`);
    await seal(db);
    t.match(await compareHeads(db.auditor, kept).then((list) => list.at(-1)), { kind: "rewritten", block_no: head - 1, message: new RegExp(`written anew after block ${head - 2}$`) });
    await restore();
  });

  t.test("what came with a false time is found after it was sealed, too", async (t) => {
    await superuser(`insert into portfolio.trade select instrument_id, '33333333-3333-3333-3333-333333333333', portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, 'forged', recorded_at - interval '2 minutes', raw_response_id, run_id from portfolio.trade`);
    t.match(await findings(db, { since: String(head + 1) }), [{ kind: "inserted", key: { trade_id: "33333333-3333-3333-3333-333333333333" } }], "waiting for the seal, looking at new rows only");
    t.equal(rowsOf(await seal(db), "portfolio.trade"), 0, "a seal does not take it");
    t.match(await findings(db), [{ kind: "inserted", key: { trade_id: "33333333-3333-3333-3333-333333333333" } }], "so that it stays a finding");
    await superuser(`insert into portfolio.trade select instrument_id, '44444444-4444-4444-4444-444444444444', portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, 'true', now(), raw_response_id, run_id from portfolio.trade limit 1`);
    t.equal(rowsOf(await seal(db), "portfolio.trade"), 1, "one beside it with its true time is sealed");
    const block_no = (await seal(db, { whole: true })).find(({ stream }) => stream === "portfolio.trade")?.block_no ?? 0;
    t.match(await findings(db), [{ kind: "backdated", block_no, stream: "portfolio.trade", key: { trade_id: "33333333-3333-3333-3333-333333333333" } }]);
    t.match(await findings(db, { since: "2000-01-01" }), [{ kind: "backdated" }], "since a time");
    t.strictSame(await findings(db, { since: String(block_no + 1) }), [], "earlier blocks are not looked at");
    await t.rejects(findings(db, { since: "yesterday" }), { message: "--since takes the number of a block or a time, not yesterday.", exitCode: 2 });
  });

  t.test("a figure that is replaced by another run", async (t) => {
    await db.query("update risk.var_calculation set value_at_risk = 0.01, run_id = $1", [await startRun(db)]);
    t.strictSame((await findings(db)).filter(({ stream }) => stream === "risk.var_calculation"), []);
    t.equal(rowsOf(await seal(db), "risk.var_calculation"), 1, "is sealed like the first");
    t.strictSame((await findings(db)).filter(({ stream }) => stream === "risk.var_calculation"), []);
    await superuser("delete from risk.var_calculation");
    t.match((await findings(db)).filter(({ stream }) => stream === "risk.var_calculation").map(({ kind }) => kind), ["deleted", "deleted"]);
    t.ok(runId);
  });
});

t.test("normal work never looks like tampering: random appends, corrections, removals and recomputations, sealed now and then", async (t) => {
  const db = await testDatabase(t);
  const bench = await openBench(db);
  const random = randomNumbers(2);
  await defineSet(db, "mean3", { mean: "ta.rolling_mean(close, 3)" });
  const ids = [await addInstrument(bench, "AAA"), await addInstrument(bench, "BBB")];
  const flow = await startRun(db);
  let blocks = 0;
  for (let round = 0; round < 60; round++) {
    const id = ids[Math.floor(random() * ids.length)] as Id;
    const day = Math.floor(random() * 25);
    const what = random();
    if (what < 0.4) await addBars({ ...bench, runId: await startRun(db) }, id, Array.from({ length: 3 }, (_, i) => randomBar(random, dayAfter(day + i), 100)));
    else if (what < 0.55) await db.query("delete from market.price_data where instrument_id = $1 and session_date = $2", [id, dayAfter(day)]);
    else if (what < 0.7) await compute(bench, "mean3", id);
    else if (what < 0.75) await db.query("select pipeline.fail_run($1, 'MB001', 'for a test')", [await startRun(db)]);
    else if (what < 0.8) await db.query("select pipeline.beat_run(array[$1::bigint])", [flow]);
    else if (what < 0.85) await db.query("vacuum full market.price_data_history").catch(() => db.query("select"));
    else blocks += (await seal(db)).length;
  }
  await seal(db);
  t.ok(blocks > 5, `${blocks} blocks`);
  t.ok((await db.value<number>("select count(*)::int from market.price_data_history")) > 5, "there were corrections and removals");
  t.ok((await db.value<number>("select count(*)::int from feature.feature_vector_history")) > 5, "there were recomputations");
  t.strictSame(await messages(db), []);
  for (const stream of ["market.price_data", "feature.feature_vector"]) {
    const unsealed = await db.value<number>(
      `select count(*)::int from ${stream} as r where ${await db.value<string>("select lineage.audit_unsealed($1)", [stream])}`,
    );
    t.equal(unsealed, 0, `every row of ${stream} lies in a block`);
  }
});

t.test("killed in the middle, a seal loses nothing, and the command says what it found", async (t) => {
  const db = await testDatabase(t);
  const bench = await openBench(db);
  const id = await addInstrument(bench, "AAA");
  await db.pool("admin").query(
    `set session_replication_role to replica;
     insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select ${id}, '1m', '2000-01-01Z'::timestamptz + n * interval '1 minute', '2000-01-01', n, n, n, n, n, now(), 'test_bench', ${bench.bodyId}, ${bench.runId}
     from generate_series(1, 100000) as n;
     set session_replication_role to origin`,
  );
  const sealing = () => db.pool("admin").query("select pid from pg_stat_activity where datname = current_database() and query like '%lineage.seal_stream%' and pid <> pg_backend_pid() and state = 'active'");
  for (const end of ["client", "backend"]) {
    const child = spawn(process.execPath, [join(repositoryRoot, "db/tests/lineage/seal-process.ts"), db.url("worker")], { stdio: "ignore" });
    const gone = once(child, "exit");
    while ((await sealing()).rowCount === 0 && child.exitCode === null) await sleep(5);
    await sleep(100);
    if (end === "client") child.kill("SIGKILL");
    else await db.pool("admin").query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%lineage.seal_stream%' and pid <> pg_backend_pid() and state = 'active'");
    await gone;
    t.strictSame(await messages(db), [], `after the end of its ${end} the chain is whole`);
  }
  while (((await sealing()).rowCount ?? 0) > 0) await sleep(20);
  const env = { DATABASE_URL: db.url("admin") };
  const run = await runCli(["audit", "seal", "--json"], env);
  t.equal(run.status, 0, run.stderr);
  t.equal(Number(await db.value("select sum(row_count) from lineage.audit_block where stream = 'market.price_data'")), 100_000, "every bar is sealed once");
  t.match(await runCli(["audit", "seal"], env), { status: 0, stdout: "Nothing is new.\n" });

  const file = join(t.testdir({}), "heads.json");
  t.match(await runCli(["audit", "export", file], env), { status: 0, stdout: /heads.json: block \d+, [0-9a-f]{64}\n$/ });
  t.match(await runCli(["audit", "verify", "--head", file], env), { status: 0, stdout: /^\d+ blocks, [\d,]+ rows: everything is as it was sealed\.\nHead: block/ });
  await db.pool("admin").query("set session_replication_role to replica; update market.price_data set volume = 0 where ts = '2000-01-02Z'; set session_replication_role to origin");
  const verified = await runCli(["audit", "verify", "--json"], env);
  t.equal(verified.status, 3);
  t.match(JSON.parse(verified.stdout), { findings: [{ kind: "changed", stream: "market.price_data", key: { bar_interval: "1m", ts: "2000-01-02T00:00:00+00:00", version: 1 } }] });
  t.match(await runCli(["audit", "verify", "--head", join(t.testdir({}), "none.json")], env), { status: 2, stderr: /none.json cannot be read/ });
});
