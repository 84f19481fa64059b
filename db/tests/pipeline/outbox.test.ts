import t from "tap";
import { weekdays, world } from "../quality/support.ts";

type Json = Readonly<Record<string, unknown>>;

const isTime = (text: unknown) => typeof text === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text);
const isUri = (text: unknown) => typeof text === "string" && URL.canParse(text);
const isUuid = (text: unknown) => typeof text === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
const isText = (text: unknown) => typeof text === "string" && text !== "";

/** What of an event does not fit what OpenLineage 2-0-2 and its facets require: required fields, their types and formats. */
function faults(event: Json): string[] {
  const wrong: string[] = [];
  const check = (is: boolean, what: string) => is || wrong.push(what);
  const job = (value: Json | undefined, at: string) => check(isText(value?.["namespace"]) && isText(value?.["name"]), `${at}: namespace, name`);
  const facets = (value: unknown, at: string) => {
    if (value === undefined) return;
    check(typeof value === "object" && value !== null, `${at}: facets`);
    for (const [name, facet] of Object.entries((value ?? {}) as Record<string, Json>)) {
      check(isUri(facet["_producer"]) && isUri(facet["_schemaURL"]), `${at}.${name}: _producer, _schemaURL`);
      check(new RegExp(`^https://openlineage\\.io/spec/facets/\\d+-\\d+-\\d+/(${name[0]?.toUpperCase()}${name.slice(1)}(Dataset|InputDataset|Run)Facet)\\.json#/\\$defs/\\1$`).test(String(facet["_schemaURL"])), `${at}.${name}: schema`);
      if (name === "dataQualityAssertions") {
        for (const one of facet["assertions"] as Json[]) {
          check(isText(one["assertion"]) && typeof one["success"] === "boolean" && (!("column" in one) || isText(one["column"])), `${name}: ${JSON.stringify(one)}`);
        }
      } else if (name === "dataQualityMetrics") {
        check(Number.isInteger(facet["rowCount"]), `${name}: rowCount`);
        for (const column of Object.values(facet["columnMetrics"] as Record<string, Json>)) check(Number.isInteger(column["nullCount"]), `${name}: nullCount`);
      } else if (name === "parent") {
        check(isUuid((facet["run"] as Json)["runId"]), "parent.run");
        job(facet["job"] as Json, "parent.job");
      } else if (name === "errorMessage") check(isText(facet["message"]) && isText(facet["programmingLanguage"]), name);
      else wrong.push(`${at}.${name} is not known here`);
    }
  };
  check(["START", "COMPLETE", "ABORT", "FAIL", "OTHER"].includes(String(event["eventType"])), "eventType");
  check(isTime(event["eventTime"]), "eventTime");
  check(isUri(event["producer"]), "producer");
  check(event["schemaURL"] === "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent", "schemaURL");
  check(isUuid((event["run"] as Json)["runId"]), "runId");
  facets((event["run"] as Json)["facets"], "run");
  job(event["job"] as Json, "job");
  for (const side of ["inputs", "outputs"]) {
    for (const dataset of event[side] as Json[]) {
      job(dataset, side);
      facets(dataset["inputFacets"], side);
    }
  }
  return wrong;
}

t.test("results that fail are told, one event a rule, and runs as OpenLineage tells them", async (t) => {
  const w = await world(t);
  const { db } = w;
  const events = () => db.query<{ kind: string; subject: string; severity: string; payload: Json }>("select kind, subject, severity, payload from pipeline.outbox_event order by created_at, kind, payload ->> 'eventTime'");
  const bars = weekdays("2024-03-04", 60).map((date, i) => ({ date, close: 100 + Math.sin(i) }));
  const spoilt = bars.map((bar, i) => (i === 30 ? { ...bar, close: 10_000, high: 10_001, open: 10_000, low: 9_999 } : bar));
  const instruments = [await w.instrument("ONE"), await w.instrument("TWO")];
  for (const instrument of instruments) await w.bars(instrument, spoilt);
  await db.query(
    `select quality.define_rule('volume_present', 'price_data', p_expectation => 'values_not_null', p_parameters => '{"column": "volume"}', p_severity => 'error', p_description => 'No volume.', p_remedy => 'Ask again.')`,
    [], "author",
  );
  await db.query("select quality.validate($1, $2)", [w.runId, instruments], "worker");
  t.same(await events(), [], "nobody wants to hear of it: nothing is written");

  await db.query("select pipeline.add_destination('all', p_url => 'https://hooks.example.com/', p_severities => '{critical,error,warning,info}', p_kinds => '{validation}')", [], "worker");
  await db.query("select pipeline.add_destination('few', p_url => 'https://hooks.example.com/', p_severities => '{}', p_rules => '{%_spike}', p_kinds => '{validation}')", [], "worker");
  await db.query("select pipeline.add_destination('lineage', 'openlineage', p_url => 'https://lineage.example.com/api/v1/lineage')", [], "worker");
  const parent = await db.value<string>("select pipeline.start_run('demo', 'demo')::text", [], "worker");
  const run = await db.value<string>("select pipeline.start_run('demo', 'validate', $1)::text", [parent], "worker");
  const client = await db.worker.connect();
  await client.query("begin");
  await client.query("select quality.validate($1, $2)", [run, instruments]);
  await client.query("select pipeline.finish_run($1, 60)", [run]);
  await client.query("commit");
  client.release();
  await db.query("select pipeline.fail_run($1, 'MB007', 'there is not enough data')", [parent], "worker");

  const told = await events();
  const failed = await db.query<{ rule: string; count: number }>(
    "select rule, count(*)::int as count from quality.validation_result where run_id = $1 and status in ('failed', 'warned') group by rule order by rule", [run],
  );
  t.ok(failed.length > 0 && failed.some(({ rule, count }) => rule === "price_spike" && count === 2), "both series have a spike");
  const results = told.filter(({ kind }) => kind === "validation");
  t.same(results.map(({ subject }) => subject).sort(), failed.map(({ rule }) => rule), "one event a rule, not one an instrument");
  t.match(results.find(({ subject }) => subject === "price_spike")?.payload, {
    rule: "price_spike", dataset: "price_data", status: "failed", run_id: Number(run), result_count: 2, failed_count: 2,
    results: [{ symbol: "ONE", failed_count: 1, from: "2024-03-04T00:00:00.000000Z" }, { symbol: "TWO" }],
  });
  t.same(
    await db.query("select destination, count(*)::int as count from pipeline.outbox_delivery join pipeline.outbox_event using (event_id) where kind = 'validation' group by destination order by destination"),
    [{ destination: "all", count: failed.length }, { destination: "few", count: 1 }], "each destination gets what it wants",
  );

  const runs = told.filter(({ kind }) => kind === "run");
  t.same(runs.map(({ subject, severity, payload }) => [subject, severity, payload["eventType"]]), [["demo", "info", "START"], ["demo.validate", "info", "START"], ["demo.validate", "info", "COMPLETE"], ["demo", "error", "FAIL"]]);
  for (const { payload } of runs) t.same(faults(payload), [], `${payload["eventType"]} has what the specification requires`);
  const [begun, , complete, fail] = runs.map(({ payload }) => payload) as [Json, Json, Json, Json];
  const database = await db.value<string>("select current_database()");
  t.match(complete, {
    run: { facets: { parent: { run: { runId: (begun["run"] as Json)["runId"] }, job: { name: "demo" } } } },
    job: { namespace: "marketbase", name: "demo.validate" },
  });
  const prices = (complete["inputs"] as { name: string; inputFacets: Record<string, Json> }[]).find(({ name }) => name === `${database}.market.price_data`);
  const assertions = prices?.inputFacets["dataQualityAssertions"]?.["assertions"] as Json[];
  t.strictSame(assertions.find(({ assertion }) => assertion === "price_spike"), { assertion: "price_spike", success: false });
  t.strictSame(assertions.find(({ assertion }) => assertion === "volume_present"), { assertion: "volume_present", success: true, column: "volume" });
  t.match(prices?.inputFacets["dataQualityMetrics"], { rowCount: 120, columnMetrics: { volume: { nullCount: 0 } } });
  t.match(fail, { run: { facets: { errorMessage: { message: "there is not enough data", programmingLanguage: "SQL" } } } });
  t.not(faults({ ...fail, run: { runId: "7" }, producer: "me" }).length, 0, "the check finds what is wrong");
  t.same(faults({ ...fail, inputs: [{ namespace: "n", name: "n", inputFacets: null }] }), ["inputs: facets"]);

  // What a run wrote and from what.
  const ingest = await db.value<string>("select pipeline.start_run('ingest', 'normalise')::text", [], "worker");
  await db.query(
    `insert into lineage.data_lineage (run_id, source_relation, source_id, target_relation, target_instrument_id, row_count, operation, transformation)
     select $1, 'ingest.raw_response', 1, 'market.price_data', $2, 60, 'insert', 'ingest.normalise_test_bars' from generate_series(1, 2)`,
    [ingest, instruments[0]], "worker",
  );
  await db.query("select pipeline.finish_run($1)", [ingest], "worker");
  t.match(await db.value("select payload from pipeline.outbox_event where subject = 'ingest.normalise' and payload ->> 'eventType' = 'COMPLETE'"), {
    inputs: [{ name: `${database}.ingest.raw_response` }], outputs: [{ name: `${database}.market.price_data`, namespace: "marketbase" }],
  });
  await db.query("select pipeline.test_destination('lineage')", [], "worker");
  t.same(faults(await db.value("select payload from pipeline.outbox_event where kind = 'test'")), [], "the test event too");
  for (const { payload } of (await events()).filter(({ kind }) => kind === "run")) t.same(faults(payload), [], `${(payload["job"] as Json)["name"]} ${payload["eventType"]}`);
});

t.test("a destination that makes no sense is refused in a sentence", async (t) => {
  const { db } = await world(t);
  for (const [call, code] of [
    ["'Hook', p_url => 'https://a.example/'", "MB001"], ["'hook'", "MB001"], ["'hook', p_url => 'http://a.example/'", "MB001"], ["'hook', p_url => 'https://me:pw@a.example/'", "MB001"],
    ["'hook', p_url => 'https://a.example/', p_secret_variable => 'MARKETBASE_WORKER_PASSWORD'", "MB001"], ["'hook', 'mail', p_url => 'https://a.example/'", "MB001"],
    ["'hook', p_url => 'https://a.example/', p_kinds => '{rumour}'", "MB001"], ["'hook', 'openlineage', p_url => 'https://a.example/', p_kinds => '{gate}'", "MB001"],
    ["'hook', p_url => 'https://a.example/', p_severities => '{}', p_rules => '{}'", "MB001"],
  ] as const) t.equal((await db.refused(`select pipeline.add_destination(${call})`, [], "worker")).code, code, call);
  await db.query("select pipeline.add_destination('hook', p_url => 'https://a.example/')", [], "worker");
  t.equal((await db.refused("select pipeline.add_destination('hook', p_url => 'https://a.example/')", [], "worker")).code, "MB008");
  t.equal((await db.refused("select pipeline.change_destination('hook', 'paint')", [], "worker")).code, "MB001");
  await db.query("select pipeline.change_destination('hook', 'pause')", [], "worker");
  t.equal(await db.value("select pipeline.queue_event('gate', 'x', 'critical', '{}')", [], "worker"), null, "a paused destination gets no new events");
  t.equal((await db.refused("select pipeline.test_destination('hook')", [], "worker")).code, "MB008");
  await db.query("select pipeline.change_destination('hook', 'remove')", [], "worker");
  t.equal((await db.refused("select pipeline.change_destination('hook', 'remove')", [], "worker")).code, "MB002");
});

t.test("findings are told when their state changes, gates when they hold back and when they are released", async (t) => {
  const w = await world(t);
  const { db } = w;
  await db.query("select quality.define_rule(rule, dataset, family, 'critical', parameters, description, remedy, population) from quality.rule_in_force where rule = 'price_volume_present'");
  await db.query("select pipeline.add_destination('hook', p_url => 'https://hooks.example.com/')", [], "worker");
  const bad = await w.instrument("BAD");
  await w.bars(bad, weekdays("2023-01-02", 20).map((date, i) => ({ date, close: 100 + (i % 7), high: 110, low: 90, volume: i === 10 ? 0 : 1000 + i })));
  const validate = () => db.query("select pipeline.run_step(pipeline.start_run('validate', 'validate'))", [], "worker");
  const told = () => db.query<{ kind: string; subject: string; event: string; payload: Json }>(
    "select kind, subject, payload ->> 'event' as event, payload from pipeline.outbox_event where subject in ('price_volume_present', 'features') order by created_at, kind",
  );
  await validate();
  t.match(await told(), [{ kind: "finding", subject: "price_volume_present", event: "opened", payload: { severity: "critical", finding_count: 1, findings: [{ symbol: "BAD", ts: "2023-01-16T00:00:00.000000Z" }] } }]);
  await db.query("select quality.validate($1, $2)", [w.runId, [bad]], "worker");
  t.equal((await told()).length, 1, "what is known is not told again");
  await db.query("select pipeline.run_step(pipeline.start_run('features', 'features'))", [], "worker");
  t.match((await told())[1], { kind: "gate", subject: "features", event: "held", payload: { status: "blocked", held_back: 1, message: /price_volume_present/ } });
  await db.query("select quality.release_gate('Ada', 'the exchange confirmed it', 'features')", [], "author");
  t.match((await told())[2], { kind: "gate", subject: "features", event: "released", payload: { decided_by: "Ada", reason: "the exchange confirmed it", findings: 1 } });
  await db.query("select quality.acknowledge(array[finding_id], 'Ada', 'a holiday') from quality.finding where symbol = 'BAD' and rule = 'price_volume_present'", [], "author");
  t.match((await told())[3], { kind: "finding", event: "acknowledged", payload: { decided_by: "Ada", reason: "a holiday" } });
  await db.query("update market.price_data set volume = 1000 where instrument_id = $1 and volume = 0", [bad]);
  await validate();
  t.match((await told())[4], { kind: "finding", event: "resolved", payload: { finding_count: 1 } });
});

t.test("what was delivered long ago is forgotten, what was not stays", async (t) => {
  const w = await world(t);
  const { db } = w;
  for (const name of ["one", "two"]) await db.query(`select pipeline.add_destination('${name}', p_url => 'https://hooks.example.com/')`, [], "worker");
  const queue = (subject: string) => db.value<string>(`select pipeline.queue_event('gate', $1, 'critical', '{"step": "train"}')`, [subject], "worker");
  const ids = new Map<string, string>();
  for (const subject of ["taken", "half", "dead", "waiting", "fresh"]) ids.set(subject, await queue(subject));
  const settle = (subject: string, destination: string, what: string) =>
    db.query(`update pipeline.outbox_delivery set ${what}, last_error = 'no' where event_id = $1 and destination = $2`, [ids.get(subject), destination]);
  for (const [subject, two] of [["taken", "delivered_at = now() - interval '31 days'"], ["half", "attempts = 3"], ["dead", "dead_at = now() - interval '31 days'"]] as const) {
    await settle(subject, "one", "delivered_at = now() - interval '31 days'");
    await settle(subject, "two", two);
  }
  for (const destination of ["one", "two"]) await settle("fresh", destination, "delivered_at = now() - interval '29 days'");
  // As if they were written then: the trigger refuses it to everybody else.
  await db.pool("admin").query("set session_replication_role to replica; update pipeline.outbox_event set created_at = now() - interval '32 days'; set session_replication_role to origin");

  t.equal((await db.refused("update pipeline.outbox_event set subject = 'x'")).code, "MB006", "an event is not changed");
  t.equal((await db.query("delete from pipeline.outbox_delivery where delivered_at is null returning event_id", [], "worker")).length, 0, "the worker cannot delete what waits");
  const left = () => db.query<{ subject: string }>("select subject from pipeline.outbox_event order by subject").then((rows) => rows.map(({ subject }) => subject));
  t.match(await db.refused("select pipeline.prune_outbox(interval '1 hour')", [], "worker"), { code: "MB001", message: /kept for a day at least, not for 01:00:00$/ });
  t.match(await db.refused("select pipeline.prune_outbox()", [], "reader"), { code: "42501" });
  t.equal(await db.value("select pipeline.prune_outbox()::int", [], "worker"), 1);
  t.same(await left(), ["dead", "fresh", "half", "waiting"]);
  t.equal(await db.value("select count(*)::int from pipeline.outbox_delivery as delivery where event_id = $1", [ids.get("taken")]), 0);
  t.equal(await db.value("select pipeline.prune_outbox()::int", [], "worker"), 0, "again changes nothing");
  const client = await db.pool("worker").connect();
  await client.query("set marketbase.outbox_retention = '10 days'");
  t.equal((await client.query("select pipeline.prune_outbox()::int as pruned")).rows[0]?.pruned, 1, "the setting says how long");
  await client.query("set marketbase.outbox_retention = 'long'");
  await t.rejects(client.query("select pipeline.prune_outbox()"), { code: "MB001", message: "the setting marketbase.outbox_retention is 'long', which is no span of time" });
  client.release(true);
  t.same(await left(), ["dead", "half", "waiting"]);
  t.equal(await db.value("select count(*)::int from lineage.audit_stream where relation = 'pipeline.outbox_event'"), 0, "a queue is not sealed");
});
