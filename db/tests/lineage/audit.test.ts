import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { compareHeads, parseHeads } from "../../../runner/audit/heads.ts";
import { keepSealing } from "../../../runner/worker/sealing.ts";
import { addBars, addInstrument, dayAfter, openBench, randomBar, randomNumbers } from "../feature/fixture.ts";
import { testDatabase } from "../support/database.ts";
import { findings, messages, rowsOf, seal } from "./chain.ts";

t.test("a seal takes what is finished, once", async (t) => {
  const db = await testDatabase(t);
  const bench = await openBench(db);
  const id = await addInstrument(bench, "AAA");
  const random = randomNumbers(1);
  await addBars(bench, id, [randomBar(random, dayAfter(0), 100)]);
  t.equal(rowsOf(await seal(db), "market.price_data"), 1);
  t.strictSame(await seal(db), [], "twice changes nothing");

  const store = `insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
    values ($1, $2::date::timestamp at time zone 'UTC', $2, 1, 1, 1, 1, 1, now(), 'test_bench', $3, $4)`;
  const slow = await db.owner.connect();
  await slow.query("begin");
  await slow.query(store, [id, dayAfter(1), bench.bodyId, bench.runId]);
  await slow.query("savepoint part");
  await slow.query(store, [id, dayAfter(2), bench.bodyId, bench.runId]);
  await slow.query("release part");
  await addBars(bench, id, [randomBar(random, dayAfter(3), 100)]);
  const before = await seal(db);
  t.equal(rowsOf(before, "market.price_data"), 0, "what began to write after an open transaction waits for it");
  t.strictSame(await messages(db), [], "and is no finding meanwhile");
  await slow.query("savepoint undone");
  await slow.query(store, [id, dayAfter(4), bench.bodyId, bench.runId]);
  await slow.query("rollback to undone");
  await slow.query("commit");
  slow.release();
  t.equal(rowsOf(await seal(db), "market.price_data"), 3, "nothing was passed over");

  await addBars(bench, id, Array.from({ length: 30 }, (_, i) => randomBar(random, dayAfter(10 + i), 100)));
  const both = (await Promise.all([seal(db), seal(db), seal(db)])).flat();
  t.equal(rowsOf(both, "market.price_data"), 30, "three at once seal each row once");
  t.equal(new Set(both.map(({ block_no }) => block_no)).size, both.length);
  t.strictSame(await messages(db), []);
  t.equal(await db.value("select count(*)::int from lineage.audit_block where stream = 'market.price_data'"), 3);

  await db.query("alter table market.price_data disable trigger user");
  await db.query("update market.price_data set close = close * (1 + 2.3e-16) where session_date = $1", [dayAfter(3)]);
  await db.query("alter table market.price_data enable trigger user");
  t.match(await messages(db), [/^changed: market.price_data: the row with instrument_id \d+, bar_interval 1d, ts 2020-01-05 00:00:00\+00, version 1 is not as block \d+ has it$/], "A1: the row is named");
});

t.test("where a seal looks: not at what was sealed, and never past a transaction that is open", async (t) => {
  const db = await testDatabase(t);
  const bench = await openBench(db);
  const id = await addInstrument(bench, "AAA");
  const random = randomNumbers(4);
  await addBars(bench, id, Array.from({ length: 20 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  await seal(db);

  const slow = await db.owner.connect();
  await slow.query("begin");
  const { began } = (await slow.query<{ began: string }>("select now()::text as began")).rows[0] ?? { began: "" };
  const since = "select lineage.audit_recorded_from() = $1::timestamptz - interval '1 minute'";
  t.equal(await db.value(since, [began]), true, "the oldest open transaction says since when what is not sealed was recorded");
  await addBars(bench, id, [randomBar(random, dayAfter(30), 100)]);
  t.equal(rowsOf(await seal(db), "market.price_data"), 1);
  await slow.query("insert into market.instrument (symbol) values ('SLOW')");
  await slow.query("commit");
  slow.release();
  await seal(db);
  t.equal(
    await db.value("select bool_and(recorded_from <= $1::timestamptz - interval '1 minute') from lineage.audit_block where block_no = (select max(block_no) from lineage.audit_block where stream = 'market.price_data')", [began]),
    true, "the block that was sealed beside it says so",
  );
  t.equal(await db.value("select lineage.audit_recorded_from() between now() - interval '2 minutes' and now() - interval '59 seconds'"), true, "with nothing open it is a minute ago");
  await db.query("grant execute on function lineage.audit_recorded_from() to marketbase_worker");
  t.equal(
    await db.value("select lineage.audit_recorded_from() < now() - interval '2 hours'", [], "worker"), true,
    "to whom sessions hide theirs, it is two hours ago, the longest a transaction may last",
  );

  const plan = async () => {
    const window = await db.value<string>("select lineage.audit_window(block, null, 'recorded_at') from lineage.audit_block as block where stream = 'market.price_data' order by block_no desc limit 1");
    t.match(window, /^r\.recorded_at >= '[^']+' and age\(r\.xmin\) <= \d+$/);
    const client = await db.owner.connect();
    try {
      await client.query("begin; set local enable_seqscan to off");
      return (await client.query<{ "QUERY PLAN": string }>(`explain select from market.price_data as r where ${window}`)).rows.map((line) => line["QUERY PLAN"]).join("\n");
    } finally {
      client.release(true);
    }
  };
  t.match(await plan(), /Bitmap Index Scan on price_data_recorded_at_idx/, "new rows are found by an index");
});

t.test("what later migrations do to the tables", async (t) => {
  const db = await testDatabase(t);
  const bench = await openBench(db);
  const id = await addInstrument(bench, "AAA");
  const random = randomNumbers(3);
  for (let day = 0; day < 12; day++) await addBars(bench, id, [randomBar(random, dayAfter(day), 100)]);
  t.equal(rowsOf(await seal(db), "lineage.data_lineage"), 12);

  await db.query("alter table ingest.raw_response add column weight integer default 1");
  t.strictSame(await messages(db), [], "a column that is added does not break older blocks");
  await db.query(
    `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id, weight)
     values ('test_bench', 'bars', 'later', 'file:later', 'READ', 200, 'x', 1, encode(sha256('x'), 'hex'), now(), $1, 2)`,
    [bench.runId],
  );
  await seal(db);
  t.strictSame(
    await db.query("select block_no::int, 'weight' = any (columns) as has_weight from lineage.audit_block where stream = 'ingest.raw_response' order by block_no").then((list) => list.map(({ has_weight }) => has_weight)),
    [false, true], "later blocks have it",
  );
  await db.query("alter table ingest.raw_response alter column weight type bigint");
  t.strictSame(await messages(db), [], "nor does a wider type");

  // A table that is copied into a partitioned one: every row is written anew, and the key has another column.
  await db.query(`
    alter table lineage.data_lineage rename to unpartitioned;
    create table lineage.data_lineage (like lineage.unpartitioned including defaults, primary key (data_lineage_id, recorded_at)) partition by range (recorded_at);
    create table lineage.data_lineage_old partition of lineage.data_lineage for values from ('2000-01-01') to ('2020-01-01');
    create table lineage.data_lineage_new partition of lineage.data_lineage for values from ('2020-01-01') to ('2100-01-01');
    insert into lineage.data_lineage select * from lineage.unpartitioned;
    drop table lineage.unpartitioned cascade;
    create trigger _100_append_only before update or delete or truncate on lineage.data_lineage for each statement execute function internal.refuse_change();
    grant select on lineage.data_lineage to marketbase_reader`);
  t.strictSame(await messages(db), [], "the rows are the same");
  await db.query(
    `insert into lineage.data_lineage (data_lineage_id, run_id, source_relation, source_id, target_relation, target_id, row_count, operation, transformation)
     select 100000 + n, $1, 'ingest.raw_response', 1, 'market.price_data', 1, 1, 'insert', 'a test' from generate_series(1, 2) as n`,
    [bench.runId],
  );
  t.equal(rowsOf(await seal(db), "lineage.data_lineage"), 2, "and only new ones are new");
  t.strictSame(await messages(db), []);

  await db.query("alter table ingest.raw_response drop column weight");
  t.match(await findings(db), [{ kind: "unreadable", stream: "ingest.raw_response", message: /^block \d+ cannot be verified: ingest.raw_response.weight is not there any more$/ }]);

  // From a dump, on another server, the numbers of transactions mean nothing.
  const admin = db.pool("admin");
  await admin.query("set session_replication_role to replica; update lineage.audit_block set system_identifier = 1; update lineage.audit_block as block set hash = lineage.audit_block_hash(block)");
  t.strictSame(await seal(db), [], "a restored database has nothing new");
});

t.test("who may do what with the chain, and what it covers", async (t) => {
  const db = await testDatabase(t);
  await openBench(db);
  await seal(db);
  for (const role of ["worker", "analyst", "author", "reader", "auditor"] as const) {
    t.equal((await db.refused("insert into lineage.audit_block (block_no) values (99)", [], role)).code, "42501", `${role} writes no block`);
    t.equal((await db.refused("insert into lineage.audit_leaf (block_no) values (99)", [], role)).code, "42501", `${role} writes no leaf`);
  }
  for (const role of ["analyst", "author", "reader", "auditor"] as const) t.equal((await db.refused("select lineage.seal_stream('portfolio.trade')", [], role)).code, "42501", `${role} seals nothing`);
  t.equal((await db.refused("update lineage.audit_block set sealed_by = 'me'")).code, "MB006", "nor does the owner change one");
  t.ok((await db.query("select from lineage.audit_leaf", [], "auditor")).length > 0, "auditors read");
  t.equal((await db.refused("select from lineage.audit_block", [], "reader")).code, "42501");
  t.match(await db.refused("select lineage.seal_stream('no.such')", [], "worker"), { code: "MB003", message: 'there is no stream named "no.such"' });
  t.match(await db.refused("select lineage.verify_leaves(99)", [], "auditor"), { code: "MB001", message: "there is no block 99" });
  t.throws(() => parseHeads("{", "a.json"), { message: /^a.json is not JSON/, exitCode: 2 });
  t.throws(() => parseHeads("{}", "a.json"), { message: /^a.json has no heads of an audit chain: format/, exitCode: 2 });

  t.strictSame(
    await db.query(
      `select c.oid::regclass::text as name from pg_class as c
       where c.relkind in ('r', 'p') and not c.relispartition and obj_description(c.oid, 'pg_class') ~* '\\mappend-only\\M' and c.relname !~ '^audit_'
         and not exists (select from lineage.audit_stream where relation = c.oid::regclass::text)`,
    ),
    [], "every append-only table is sealed",
  );
  t.strictSame(
    await db.query(
      `select stream, name from lineage.audit_stream cross join unnest(columns) as name
       where history_relation is null and condition is null and not is_replaceable and has_column_privilege('marketbase_worker', relation, name, 'update')`,
    ),
    [], "the worker may change no column that is sealed",
  );
});

t.test("the worker seals when an hour has passed, says the head and writes the file", async (t) => {
  const db = await testDatabase(t);
  await openBench(db);
  const file = join(t.testdir({}), "heads.json");
  const said: string[] = [];
  const heard = Promise.withResolvers<void>();
  const sealing = keepSealing(db.worker, file, (message) => {
    said.push(message);
    heard.resolve();
  }, { lookMilliseconds: 10 });
  await heard.promise;
  await sealing.stop();
  t.match(said, [/^Sealed \d+ blocks of the audit chain; its head is block \d+, [0-9a-f]{64}\.$/]);
  t.strictSame(await compareHeads(db.auditor, parseHeads(await readFile(file, "utf8"), file)), []);
});
