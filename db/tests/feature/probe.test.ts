import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, dayAfter, defineSet, openBench, randomBar, randomNumbers, startRun, type Id } from "./fixture.ts";
import { fillMarket, plantKernel, probe } from "./probing.ts";

t.test("sets without a leak pass, whatever was corrected, removed and put back", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  await fillMarket(bench, ["AAA", "BBB", "CCC"], 120);
  const before = await db.query("select (select count(*) from market.instrument) as instruments, (select count(*) from market.price_data) as bars, (select count(*) from market.price_data_history) as closed, (select count(*) from pipeline.stale_range) as marks, (select count(*) from lineage.data_lineage) as edges");
  // probe.long.test.ts probes every set, on real bars.
  for (const name of ["qlib14", "technical"]) {
    const result = await probe(db, name, 12);
    t.match(result, { status: "passed", failed: 0 }, `${name}: ${result.message}`);
    t.ok(result.checked > 30, `${result.checked} vectors`);
  }
  t.same(
    await db.query("select (select count(*) from market.instrument) as instruments, (select count(*) from market.price_data) as bars, (select count(*) from market.price_data_history) as closed, (select count(*) from pipeline.stale_range) as marks, (select count(*) from lineage.data_lineage) as edges"),
    before, "nothing is left of the worlds",
  );
});

t.test("planted leaks are found, with their feature, instrument and time", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const ids = await fillMarket(bench, ["AAA", "BBB", "CCC"], 160);
  await plantKernel(db, "centred_mean", "series double precision[]", "2", `
    begin return array(select avg(x) over (order by i rows between 2 preceding and 2 following) from unnest(series) with ordinality as v (x, i) order by i); end`);
  await plantKernel(db, "sample_score", "series double precision[]", "0", `
    begin return array(select (x - avg(x) over ()) / stddev_samp(x) over () from unnest(series) with ordinality as v (x, i) order by i); end`);
  await plantKernel(db, "sample_score_unbounded", "series double precision[]", "unbounded", `
    begin return array(select (x - avg(x) over ()) / stddev_samp(x) over () from unnest(series) with ordinality as v (x, i) order by i); end`);
  await plantKernel(db, "ref_ahead", "series double precision[]", "1", `
    begin return array(select series[i - (-1)] / x from unnest(series) with ordinality as v (x, i) order by i); end`);
  await plantKernel(db, "far_mean", "series double precision[]", "5", `
    begin return array(select avg(x) over (order by i rows between 40 preceding and current row) from unnest(series) with ordinality as v (x, i) order by i); end`);
  await defineSet(db, "leaky", {
    honest: "ta.rolling_mean(close, 5)", centred: "ta.centred_mean(close)", scored: "ta.sample_score(close)", ahead: "ta.ref_ahead(close) - 1",
  });
  const found = await probe(db, "leaky");
  t.match(found, { status: "failed", features: ["ahead", "centred", "scored"] });
  t.ok(found.failed >= found.checked - 3, "they show in every vector that has a future");
  t.match(found.message, /^\d\d of 36 failed\. First: leaky of AAA on 2020-\d\d-\d\d 00:00 depend on what was not known at 2020-\d\d-\d\d \d\d:\d\d UTC: centred is /);
  const [finding] = await db.query(
    `select f.instrument_id, f.key ->> 'symbol' as symbol, f.key ->> 'feature_set' as set, f.ts is not null as timed, r.dataset, r.severity, s.name
     from quality.validation_finding as f join quality.validation_result as r using (validation_result_id)
     join feature.feature_set_version as v using (feature_set_version_id) join feature.feature_set as s using (feature_set_id)
     where validation_result_id = $1 order by validation_finding_id limit 1`,
    [found.id], "reader",
  );
  t.same(finding, { instrument_id: ids[0], symbol: "AAA", set: "leaky", timed: true, dataset: "feature_set", severity: "error", name: "leaky" });
  t.match(
    await db.query("select feature_set, rule, status, is_current_version from quality.latest_set_result", [], "reader"),
    [{ feature_set: "leaky", rule: "feature_look_ahead", status: "failed", is_current_version: true }],
  );

  await defineSet(db, "leaky_unbounded", { scored: "ta.sample_score_unbounded(close)", honest: "ta.ema(close, 5)" });
  t.match(await probe(db, "leaky_unbounded"), { status: "failed", features: ["scored"] });

  await defineSet(db, "far", { far: "ta.far_mean(close)" });
  const far = await probe(db, "far");
  t.match(far, { status: "failed", features: ["far"] }, "a window longer than the kernel says, by a correction that it knows too early");
  t.ok(far.reasons.includes("before a correction"));
});

t.test("a leak that shows once in 800 bars is found where it shows", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(11);
  for (const symbol of ["AAA", "BBB"]) {
    const id = await addInstrument(bench, symbol);
    await addBars(bench, id, Array.from({ length: 400 }, (_, i) => {
      const bar = randomBar(random, dayAfter(i), 100);
      return symbol === "AAA" && i === 237 ? { ...bar, close: 125, high: 130 } : bar;
    }));
  }
  await plantKernel(db, "warned", "series double precision[]", "0", `
    begin return array(select case when abs(series[i + 1] / x - 1) > 0.1 then 1 else 0 end from unnest(series) with ordinality as v (x, i) order by i); end`);
  await defineSet(db, "rare", { warned: "ta.warned(close)" });
  for (const seed of [1, 2, 3]) {
    const found = await probe(db, "rare", 12, seed);
    t.match(found, { status: "failed", features: ["warned"], reasons: ["before a big move"] });
    t.equal(found.failed, 2, "the bar before the jump and, where it comes back, the jump itself");
  }
});

/** The query of a set of one feature, `column`, over daily bars: what a compiler with a mistake could write. */
function columnQuery(column: string): string {
  return `select bar.span, bar.instrument_id, bar.ts, bar.known_from, array[${column}]::double precision[] as values from feature.known_bars($1, '1d', 0, $2, $3) as bar`;
}

t.test("restated facts are not known before they are restated, however they are read", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db, runId, bodyId } = bench;
  const random = randomNumbers(3);
  const id = await addInstrument(bench, "AAA");
  await addBars(bench, id, Array.from({ length: 200 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  await db.query(
    `insert into market.company_fundamental (instrument_id, taxonomy, concept, unit, period_start, period_end, value, form, accession, filed, known_from, provider, raw_response_id, run_id)
     values ($1, 'us-gaap', 'NetIncomeLoss', 'USD', '2019-10-01', '2019-12-31', 100, '10-K', '1', '2020-02-14', '2020-02-15T05:00:00Z', 'test_bench', $2, $3)`,
    [id, bodyId, runId],
  );
  await db.query("update market.company_fundamental set value = 60, filed = '2020-05-10', accession = '2', known_from = '2020-05-11T04:00:00Z'");
  await plantKernel(db, "income_today", "series double precision[]", "0", `
    declare income constant double precision := (select value from market.company_fundamental where concept = 'NetIncomeLoss' limit 1);
    begin return array(select income / x from unnest(series) with ordinality as v (x, i) order by i); end`);
  await defineSet(db, "by_kernel", { income: "ta.income_today(close)" });
  t.match(await probe(db, "by_kernel"), { status: "failed", features: ["income"] }, "a kernel that reads a table by itself");

  const columns: Record<string, { sql: string; status: string }> = {
    today: { status: "failed", sql: "(select fact.value / bar.close from market.company_fundamental as fact where fact.instrument_id = bar.instrument_id)" },
    period: { status: "failed", sql: "(select fact.value / bar.close from market.company_fundamental_version as fact where fact.instrument_id = bar.instrument_id and fact.period_end <= bar.ts order by fact.version limit 1)" },
    filed: { status: "passed", sql: "(select fact.value / bar.close from market.company_fundamental_version as fact where fact.instrument_id = bar.instrument_id and fact.known_from <= bar.known_from order by fact.version desc limit 1)" },
  };
  for (const [name, { sql, status }] of Object.entries(columns)) {
    await defineSet(db, `by_${name}`, { income: "close" });
    await db.query("update feature.feature_set_version set compiled_sql = $2 where feature_set_version_id = (feature.version_of($1)).feature_set_version_id", [`by_${name}`, columnQuery(sql)]);
    const found = await probe(db, `by_${name}`);
    t.match(found, { status, features: status === "failed" ? ["income"] : [] }, `a column: ${name}`);
    if (name === "today") t.same(found.reasons.includes("before a restatement"), true, "the last bar before the restatement is among the times");
  }
});

t.test("sets that compare instruments are probed in both stages", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db, runId } = bench;
  await fillMarket(bench, ["AAA", "BBB", "CCC", "DDD"], 90);
  const group = (name: string, symbols: string[], from: string, knownFrom: string) =>
    db.query("select market.set_group($1, 'sector', $2, $3, $4, $5)", [runId, name, symbols, from, knownFrom], "worker");
  await group("Energy", ["AAA", "BBB", "CCC"], "2019-01-01", "2019-01-01Z");
  await group("Utilities", ["DDD"], "2019-01-01", "2019-01-01Z");
  // Said in March, of the time from February on.
  await group("Utilities", ["AAA"], dayAfter(40), `${dayAfter(65)}T10:00:00Z`);
  const honest = { place: "cs.rank(ta.roc(close, 5))", excess: "cs.demean(ta.roc(close, 5), sector)" };
  await defineSet(db, "compared", honest);
  t.match(await probe(db, "compared"), { status: "passed", failed: 0 });
  await plantKernel(db, "coming", "series double precision[]", "0", "begin return series[2:] || null::double precision; end");
  await defineSet(db, "leaky_first", { ...honest, ahead: "cs.rank(ta.coming(close))" });
  t.match(await probe(db, "leaky_first"), { status: "failed", features: ["ahead", "leaky_first_base.coming_close"] }, "a leak in the first stage");
  await db.query(
    "update feature.feature_set_version set compiled_sql = replace(compiled_sql, ', max(known_sector) over section', '') where feature_set_version_id = (feature.version_of('compared')).feature_set_version_id",
  );
  t.match(await probe(db, "compared"), { status: "failed", features: ["excess"], reasons: ["before a change of group"] }, "a sector that is not known yet");
  t.same(
    await db.query("select (select count(*)::int from market.instrument) as instruments, (select count(*)::int from feature.feature_vector) as vectors, (select count(*)::int from market.instrument_group) as changes"),
    [{ instruments: 4, vectors: 0, changes: 5 }], "nothing is left of the worlds",
  );
});

t.test("a leak is found as often as the comment says", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const ids = await fillMarket(bench, ["AAA", "BBB", "CCC"], 120);
  // Leaks at some of the times, or in some of the vectors, by hash, none where times are chosen; 400 seeds each, and what the formula gives for what was drawn.
  for (const [what, leak, every] of [["times", "0", 8], ["vectors", "id", 15]] as const) {
    const [found] = await db.query<{ missed: number; formula: number; share: number }>(
      `with drawn as materialized (
         select seed, chosen.ts, chosen.reason = 'random' as is_random from generate_series(1, 400) as seed cross join lateral feature.probe_times($1, '1d', 5, 24, seed) as chosen
       ), bar as materialized (
         select instrument_id as id, ts, hashint8extended(extract(epoch from ts)::bigint, ${leak}) % ${every} = 0 and ts not in (select ts from drawn where not is_random) as leaks
         from market.price_data cross join lateral (select instrument_id as id) as same where instrument_id = any ($1)
       ), rate as (select avg(leaks::int)::float8 as share from bar),
       trial as (
         select seed, count(distinct ts) as times, count(*) as vectors, not bool_or(leaks) as missed from drawn join bar using (ts) where is_random group by seed
       )
       select avg(missed::int)::float8 as missed, avg((1 - share) ^ ${what})::float8 as formula, min(share) as share from trial, rate`,
      [ids],
    );
    const { missed = 1, formula = 0, share = 0 } = found ?? {};
    const error = Math.sqrt((formula * (1 - formula)) / 400);
    t.ok(share > 0.01 && formula > 0.1 && formula < 0.9, `leaks at ${share.toFixed(3)} of the ${what}`);
    t.ok(missed <= formula + 3 * error, `missed ${missed.toFixed(4)} of the time, at most ${formula.toFixed(4)} by the formula, give or take ${error.toFixed(4)}`);
  }
  const { message } = await probe(db, "qlib14", 12);
  const n = /Seed 1, 12 times\. A leak that shows in 5% of the vectors is missed with probability ([\d.]+)/.exec(message)?.[1];
  t.ok(Number(n) <= 0.95 ** 18 + 1e-4, `at least six random times of three instruments: ${n}`);
});

t.test("who asks and for what", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  t.match(await probe(db, "qlib14"), { status: "not_applicable", checked: 0, message: "Nothing to check." }, "no bars");
  const [id] = await fillMarket(bench, ["AAA", "BBB"], 100);
  t.equal((await probe(db, "qlib14", 10, 5, [id as Id])).checked, 10, "one instrument");
  const run = await startRun(db);
  t.match(await db.refused("select feature.probe($1, 'nothing')", [run], "worker"), { code: "MB003" });
  t.match(await db.refused("select feature.probe($1, 'qlib14', 0)", [run], "worker"), { code: "MB001", message: /0 is not a number of samples/ });
  t.match(await db.refused("select feature.probe(0, 'qlib14')", [], "worker"), { code: "MB001", message: /no run 0/ });
  t.match(await db.refused("select feature.probe($1, 'qlib14', 10, 1, '{9999}')", [run], "worker"), { code: "MB002" });
  t.match(await db.refused("select feature.probe($1, 'qlib14')", [run]), { code: "MB008", hint: "Log in as marketbase_worker." }, "the owner cannot become a probe");
  t.equal((await db.refused("select feature.probe($1, 'qlib14')", [run], "reader")).code, "42501");
  t.match(await db.refused("select quality.validate_set($1, 'qlib14', '{feature_finite}')", [run], "worker"), { code: "MB003", hint: "There are: feature_drift, feature_drift_warning, feature_look_ahead." });

  const client = await db.worker.connect();
  try {
    await client.query("set role marketbase_probe");
    t.equal((await client.query("select from market.price_data")).rowCount, 0, "a probe sees nothing unless told");
    await client.query("select set_config('marketbase.visible_instruments', $1, false)", [`{${id}}`]);
    t.same((await client.query("select distinct instrument_id from market.price_data")).rows, [{ instrument_id: id }]);
    t.equal((await client.query("select from feature.feature_vector")).rowCount, 0);
    await t.rejects(client.query("insert into market.instrument (symbol) values ('ZZZ')"), { code: "42501" }, "and writes nothing");
  } finally {
    client.release(true);
  }
});

t.test("others read and write while a probe runs", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db, runId, bodyId } = bench;
  const [id] = await fillMarket(bench, ["AAA", "BBB"], 120);
  const client = await db.worker.connect();
  try {
    const run = await startRun(db);
    await client.query("begin");
    await client.query("select feature.probe($1, 'qlib14', 20)", [run]);
    // The transaction of the probe is open and holds what it locks; another login changes the same instruments.
    await db.query("set lock_timeout to '1s'; update market.price_data set close = close where false", undefined, "worker");
    await db.query("update market.price_data set volume = volume + 1, known_from = '2021-01-01' where instrument_id = $1", [id], "worker");
    await db.query("update market.instrument set name = 'renamed' where instrument_id = $1", [id], "worker");
    await db.query(
      `insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
       values ($1, '2021-01-04Z', '2021-01-04', 1, 1, 1, 1, 1, '2021-01-04T21:00Z', 'test_bench', $2, $3)`, [id, bodyId, runId], "worker",
    );
    t.same(
      await db.query("select l.relation::regclass::text as on, l.mode from pg_locks as l join pg_stat_activity as a using (pid) where a.pid = $1 and l.locktype = 'relation' and l.mode not in ('AccessShareLock', 'RowExclusiveLock', 'RowShareLock')", [(client as unknown as { processID: number }).processID]),
      [], "no lock on a table that keeps anybody out",
    );
  } finally {
    await client.query("rollback");
    client.release();
  }
});
