import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";

/** Lands bodies of a provider of its own and reads them; the normaliser takes whatever comes. */
async function provider(test: Parameters<typeof testDatabase>[0]) {
  const db = await testDatabase(test);
  await db.query("insert into ingest.provider (provider, title, priority, terms) values ('test', 'Test', 9999, 'none')");
  await db.query("create function ingest.normalise_test_bars(p_raw_response_id bigint) returns void language sql stable begin atomic select null::void from ingest.raw_response where raw_response_id = p_raw_response_id and ingest.body_text(p_raw_response_id) is null; end");
  await db.query("grant execute on function ingest.normalise_test_bars(bigint) to marketbase_worker");
  const run = await db.value<string>("select pipeline.start_run('ingest', 'test')", [], "worker");
  let bodies = 0;
  return {
    db,
    async read(body: unknown, { status = 200, subject = "AAPL", type = "application/json" } = {}): Promise<string> {
      const id = await db.value<string>(
        "select raw_response_id from ingest.land($1, 'test', 'bars', $2, $3, 'GET', $4, '{}', $5, convert_to($6, 'UTF8'), now())",
        [run, subject, `https://example.org/${++bodies}`, status, type, typeof body === "string" ? body : JSON.stringify(body)],
        "worker",
      );
      await db.query("select pipeline.normalise_response($1, $2)", [run, id], "worker");
      return id;
    },
  };
}
const findings = (db: TestDatabase) =>
  db.query("select key ->> 'path' as path, key ->> 'change' as change, state, message, observed from quality.finding where rule = 'provider_schema_drift' order by finding_id", [], "reader");
const latest = (db: TestDatabase) =>
  db.query("select status, checked_count::int as checked, failed_count::int as failed from quality.validation_result where rule = 'provider_schema_drift' order by validation_result_id desc limit 1").then(([row]) => row);

t.test("a field that is new, missing or retyped is a finding, once, and names the first body", async (t) => {
  const { db, read } = await provider(t);
  const body = (extra: object = {}) => ({ meta: { symbol: "AAPL", currency: "USD", gap: null }, bars: [{ t: 1, c: 1.5, ...extra }, { t: 2, c: 2, ...extra }] });
  await read(body());
  t.match(await latest(db), { status: "not_applicable", checked: 0 }, "the first body has nothing before it");
  for (let i = 0; i < 3; i++) await read(body());
  t.match(await latest(db), { status: "passed", checked: 8, failed: 0 }, "eight paths: meta and three below, bars, its elements and two below");
  t.equal(await db.value("select count(*)::int from ingest.known_shape"), 1, "equal shapes are stored once");

  const fresh = await read(body({ vwap: 1.2 }));
  t.match(await findings(db), [{ path: "bars[].vwap", change: "new", state: "open", message: `test bars: bars[].vwap is new (number); first body ${fresh} (AAPL).`, observed: { after: ["number"], first_body: Number(fresh), compared_bodies: 4 } }]);
  await read(body());
  await read(body({ vwap: null }));
  await read(body({ vwap: 1 }));
  t.equal((await findings(db)).length, 1, "a field that comes and goes alarms once");

  const { c: _, ...without } = body().bars[0] as { t: number; c: number };
  const gone = await read({ ...body(), bars: [without] });
  t.match((await findings(db))[1], { path: "bars[].c", change: "missing", state: "open", message: `test bars: bars[].c is missing (it was number in each of the last 8 bodies); first body ${gone} (AAPL).` });
  await read({ ...body(), bars: [without] });
  t.equal((await findings(db)).length, 2, "and is not missed again by the next body");
  t.match((await findings(db))[1], { state: "open" }, "which does not make it right");
  await read(body());
  t.match((await findings(db))[1], { state: "resolved" }, "until it is back");

  await read({ ...body(), bars: [] });
  t.equal((await findings(db)).length, 2, "an empty list lacks no field");
  await read({ ...body(), meta: { ...body().meta, currency: { code: "USD" }, gap: "filled" } });
  t.match((await findings(db)).slice(2), [
    { path: "meta.currency", change: "retyped", message: /^test bars: meta\.currency is object and was string; first body \d+ \(AAPL\)\.$/ },
    { path: "meta.currency.code", change: "new" },
  ], "null is no type: what was null may be anything");
  await read(body());
  t.match((await findings(db)).slice(2), [{ state: "resolved" }, { state: "open" }]);
  await read({ ...body(), meta: undefined, extra: { deep: { deeper: 1 } } });
  t.match((await findings(db)).slice(4).map(({ path, change }) => `${change as string} ${path as string}`).sort(), ["missing meta", "new extra"], "of a part the topmost path is named");
  t.equal(await db.value("select count(*)::int from quality.finding_event where event = 'opened' and finding_id in (select finding_id from quality.finding where rule = 'provider_schema_drift')"), (await findings(db)).length);
});

t.test("what is no data is no drift, a body that is refused may be", async (t) => {
  const { db, read } = await provider(t);
  for (let i = 0; i < 4; i++) await read({ a: 1, b: "x" });
  const before = await db.value("select count(*)::int from ingest.body_shape");
  await read({ error: "no such key" }, { status: 403 });
  await read("<html>busy</html>");
  await read("");
  await read("[1, 2");
  t.equal(await db.value("select count(*)::int from ingest.body_shape"), before);
  t.same(await findings(db), []);
  await db.query("create or replace function ingest.normalise_test_bars(p_raw_response_id bigint) returns void language plpgsql as $$ begin raise exception using errcode = 'MB010', message = 'limit'; end $$");
  await read({ note: "limit" });
  t.same(await findings(db), [], "an error of the provider inside a 200");
  await db.query("create or replace function ingest.normalise_test_bars(p_raw_response_id bigint) returns void language plpgsql as $$ begin raise exception using errcode = 'MB004', message = 'no b'; end $$");
  const id = await read({ a: 1, c: "x" });
  t.match((await findings(db)).map(({ path, change }) => `${change as string} ${path as string}`).sort(), ["missing b", "new c"], "a renamed field");
  await db.query("select pipeline.replay_response($1)", [id], "worker");
  t.equal(await db.value("select count(*)::int from quality.validation_result where raw_response_id = $1 and rule = 'provider_schema_drift'", [id]), 1, "read again it is judged once");
});

t.test("columns of CSV, keys that are data and bodies of any size", async (t) => {
  const { db, read } = await provider(t);
  const shape = async (body: unknown, type = "application/json") => db.value("select ingest.read_shape($1)", [await read(body, { type })]);
  t.same(await shape("date,close,note\n2024-01-02,1.5,\n2024-01-03,2,x\n", "text/csv"), { date: ["date"], close: ["number"], note: ["null", "string"] });
  t.same(await shape("\ufeffDate,\"Close, adj\"\r\n2024-01-02,n/a\r\n", "text/csv"), { Date: ["date"], "Close, adj": ["string"] });
  t.same(await shape("1704153600,1.5\n1704240000,2\n", "text/csv"), { "column 1": ["number"], "column 2": ["number"] });
  t.same(await shape({ series: { "2024-01-02": { "4. close": "1" }, "2024-01-03": { "4. close": "2" } }, result: { XXBTZUSD: [[1, "2"]], last: 3 } }), {
    series: ["object"], "series.*": ["object"], "series.*.*": ["string"], result: ["object"], "result.*": ["array"], "result.*[]": ["array"],
    "result.*[][]": ["number", "string"], "result.last": ["number"],
  });
  t.same(await shape([1, { a: [] }]), { "[]": ["number", "object"], "[].a": ["array"] });
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`concept${i}`, { unit: i }]));
  t.same(await shape({ facts: many }), { facts: ["object"], "facts.*": ["object"], "facts.*.unit": ["number"] });
  t.same(Object.keys((await shape({ rows: Array.from({ length: 12 }, (_, i) => (i < 10 ? { a: 1 } : { b: 1 })) })) as object).sort(), ["rows", "rows[]", "rows[].a"], "ten elements of a list");

  // Large: four megabytes of JSON and of CSV.
  const rows = Array.from({ length: 60_000 }, (_, i) => ({ t: i, open: 1.25, high: 2.5, low: 1, close: 2, volume: 1000 + i }));
  const json = await read({ rows });
  const csv = await read(`t,c\n${rows.map(({ t }) => `${t},some text that is long enough to make it large`).join("\n")}\n`);
  const time = async (id: string) => {
    const begun = performance.now();
    await db.value("select ingest.read_shape($1)", [id]);
    return performance.now() - begun;
  };
  const parse = performance.now();
  await db.value("select length((convert_from(body, 'UTF8')::jsonb -> 'x')::text) from ingest.raw_response where raw_response_id = $1", [json]);
  const parsing = performance.now() - parse;
  t.ok((await time(json)) < 10 * parsing + 1000, "little beyond parsing it");
  t.ok((await time(csv)) < 1000, "of CSV only the beginning is read");
});
