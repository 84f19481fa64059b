import t from "tap";
import { world } from "../quality/support.ts";

t.test("a row is let out of quarantine by a person, and its lineage says so", async (t) => {
  const w = await world(t);
  const id = await w.instrument("FREE");
  // A normaliser of its own: the body says which bars there are; the second is not over when the body arrives.
  await w.db.query(
    `create function ingest.normalise_test_bars(p_raw_response_id bigint) returns void language sql volatile begin atomic
       insert into ingest.candidate_bar (raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume)
       select p_raw_response_id, bar.row_no, 'FREE', ${id}, '1d', day::timestamp at time zone 'UTC', day, 10, bar.high, 9, 10, 5
       from (values (1, date '2024-03-04', 11), (2, date '2024-03-05', 12), (3, date '2024-03-06', 8)) as bar (row_no, day, high);
     end`,
  );
  await w.db.query("grant execute on function ingest.normalise_test_bars(bigint) to marketbase_worker");
  const body = await w.body("bars", "2024-03-05T15:00:00Z");
  t.match((await w.db.query("select accepted_count::int, quarantined_count::int from pipeline.normalise_response($1, $2)", [w.runId, body], "worker"))[0], { accepted_count: 1, quarantined_count: 2 });
  const rows = await w.db.query<{ quarantine_id: string; rules: string[] }>("select quarantine_id, rules from ingest.quarantine order by row_no");
  t.match(rows, [{ rules: ["bar_final"] }, { rules: ["bar_final", "bar_ohlc_order"] }]);
  const [early, wrong] = rows.map(({ quarantine_id }) => quarantine_id);
  const coverage = await w.db.query("select * from ingest.bar_coverage");
  const release = "select new_count::int, changed_count::int, decided_by, run_id from pipeline.release_quarantined($1, $2, $3)";

  t.match(await w.db.refused(release, [wrong, "Ada", "why"], "worker"), { code: "MB008", message: /cannot be stored: .*8/, hint: /\(\w+_check\)/ }, "no decision makes a high of a low, nor a bar of a day to come");
  t.equal(await w.db.value("select count(*)::int from ingest.candidate_bar"), 0);
  t.equal((await w.db.refused(release, [early, "", "why"], "worker")).code, "MB001");
  t.equal((await w.db.refused(release, [-1, "Ada", "why"], "worker")).code, "MB002");
  t.equal((await w.db.refused(release, [early, "Ada", "why"], "author")).code, "42501", "market data is written by the worker alone");

  const both = await Promise.allSettled([0, 1].map(() => w.db.pool("worker").query(release, [early, "Ada", "the exchange closed early"])));
  t.same(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"], "of two at once one takes it in");
  t.match(await w.db.refused(release, [early, "Bea", "again"], "worker"), { code: "MB008", message: /was released by Ada: the exchange closed early/ });
  const [bar] = await w.db.query<{ run_id: string }>("select high, close, volume, bar_interval, raw_response_id::int as body, run_id from market.price_data where instrument_id = $1 and session_date = '2024-03-05'", [id]);
  t.match(bar, { high: 12, close: 10, volume: 5, bar_interval: "1d", body });
  t.same(await w.db.query("select * from ingest.bar_coverage"), coverage, "for which time the body answered stays as it was");
  t.match((await w.db.query("select status, message, parameters from pipeline.pipeline_run where run_id = $1", [bar?.run_id]))[0], {
    status: "succeeded", message: "released by Ada: the exchange closed early", parameters: { by: "Ada", reason: "the exchange closed early", quarantine_id: Number(early) },
  });
  t.same(
    await w.db.query("select depth, relation, id::int, version from lineage.trace('market.price_data', null, 'FREE', '2024-03-05T00:00:00Z') order by position", [], "reader"),
    [
      { depth: 0, relation: "market.price_data", id: null, version: "version 1" },
      { depth: 1, relation: "ingest.quarantine", id: Number(early), version: "released by Ada: the exchange closed early" },
      { depth: 2, relation: "ingest.raw_response", id: body, version: "test bars" },
    ],
  );
  t.same(await w.db.query("select relation from lineage.trace('market.price_data', null, 'FREE', '2024-03-04T00:00:00Z') order by position"), [{ relation: "market.price_data" }, { relation: "ingest.raw_response" }]);
  t.match(
    await w.db.query("select source_relation, source_id::int, operation from lineage.data_lineage where run_id = $1 order by source_relation", [bar?.run_id]),
    [{ source_relation: "ingest.quarantine", source_id: Number(early), operation: "insert" }, { source_relation: "ingest.raw_response" }],
  );
  t.match(
    await w.db.query("select state, decided_by, reason from quality.finding where instrument_id = $1 and ts = '2024-03-05' order by rule", [id]),
    [{ state: "acknowledged", decided_by: "Ada", reason: "released from quarantine: the exchange closed early" }],
  );
  t.equal((await w.db.refused("delete from ingest.quarantine_release")).code, "MB006");
});
