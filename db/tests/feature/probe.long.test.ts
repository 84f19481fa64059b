import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { bring, openRun } from "../ingest/bodies.ts";
import { shared, testDatabase } from "../support/database.ts";
import { addBars, dayAfter, defineSet, openBench, randomBar, randomNumbers, type Id } from "./fixture.ts";
import { fillMarket, plantKernel, probe } from "./probing.ts";

t.test("every set passes on real bars and facts, many of which were restated", async (t) => {
  const path = shared(t, "prices/prices_vintages_55sym.csv.gz");
  const factsPath = shared(t, "recordings/sec/companyfacts-CIK0000320193.json.gz");
  if (path === undefined || factsPath === undefined) return;
  const all = gunzipSync(readFileSync(path)).toString().trim().split("\n").slice(1).map((line) => line.trim().split(","));
  const symbols = [...new Set(all.map(([, symbol]) => symbol))].slice(0, 6).concat("AAPL");
  const rows = all.filter(([, symbol]) => symbols.includes(symbol));
  const db = await testDatabase(t);
  const run = await openRun(db);
  for (const [fileDate, list] of [...Map.groupBy(rows, ([date = ""]) => date)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const body = ["symbol,date,open,high,low,close,volume,adjusted_close", ...list.map((row) => row.slice(1).join(","))].join("\n");
    const fetchedAt = `${fileDate.slice(0, 4)}-${fileDate.slice(4, 6)}-${fileDate.slice(6)}T23:00:00Z`;
    await bring(db, run, { provider: "csv", dataset: "bars", subject: "vintages.csv", url: "file:vintages.csv", body, fetchedAt });
  }
  // Everything that Apple has filed, restatements too.
  await db.query("update market.instrument set cik = '0000320193' where symbol = 'AAPL'");
  await bring(db, run, { provider: "sec", dataset: "fundamentals", subject: "AAPL", body: gunzipSync(readFileSync(factsPath)) });
  await db.query("analyze");
  t.ok((await db.value<number>("select count(*)::int from market.company_fundamental")) > 10_000, "facts are there");
  t.ok((await db.value<number>("select count(*)::int from market.price_data_history")) > 100, "bars were restated");

  const sets = await db.query<{ name: string }>("select name from feature.feature_set order by name");
  for (const { name } of sets) {
    const begun = performance.now();
    const [result] = await db.query<{ status: string; checked: number; message: string }>(
      "select status, checked_count::int as checked, message from feature.probe($1, $2, 40)", [run, name], "worker",
    );
    t.match(result, { status: "passed" }, `${name}, ${(performance.now() - begun).toFixed(0)} ms: ${result?.message}`);
    t.ok((result?.checked ?? 0) >= 150, `${result?.checked} vectors`);
  }
});

t.test("comparisons of six instruments: corrections, removals, late memberships and late bars pass, mistakes of a compiler do not", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db, runId } = bench;
  const ids = await fillMarket(bench, ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"], 120);
  const group = (name: string | null, symbols: string[], from: string, knownFrom: string) =>
    db.query("select market.set_group($1, 'sector', $2, $3, $4, $5)", [runId, name, symbols, from, knownFrom], "worker");
  await group("Energy", ["AAA", "BBB", "CCC", "FFF"], "2019-01-01", "2019-01-01Z");
  await group("Utilities", ["DDD", "EEE"], "2019-01-01", "2019-01-01Z");
  // Said in March, of the time from February on; and corrected later.
  await group("Utilities", ["AAA"], dayAfter(40), `${dayAfter(65)}T10:00:00Z`);
  await group("Utilities", ["BBB"], dayAfter(80), `${dayAfter(80)}Z`);
  await group("Materials", ["BBB"], dayAfter(80), `${dayAfter(100)}T10:00:00Z`);
  // A bar that comes two days after its day: its sector, and nobody else, is known late.
  await addBars(bench, ids[3] as Id, [{ ...randomBar(randomNumbers(8), dayAfter(120), 100), knownFrom: `${dayAfter(122)}T21:00:00Z` }, randomBar(randomNumbers(9), dayAfter(121), 100)]);
  await addBars(bench, ids[0] as Id, [randomBar(randomNumbers(10), dayAfter(120), 100), randomBar(randomNumbers(11), dayAfter(121), 100)]);
  const honest = {
    place: "cs.rank(ta.roc(close, 5))", excess: "cs.demean(ta.roc(close, 5), sector)", score: "cs.zscore(volume, sector)",
    drawn: "cs.winsorize(close, 0.1)", both: "cs.rank(close / open, sector) + cs.scale(close)", own: "ta.rolling_mean(close, 5)",
  };
  await defineSet(db, "compared", honest);
  for (const seed of [1]) {
    const result = await probe(db, "compared", 40, seed);
    t.match(result, { status: "passed", failed: 0 }, result.message);
    t.ok(result.checked > 120, `${result.checked} vectors`);
  }
  t.equal((await probe(db, "compared", 10, 1, ids.slice(0, 3))).checked > 15, true, "a cross-section of three");
  await defineSet(db, "in_sectors", { excess: "cs.demean(close, sector)" });
  t.match(await probe(db, "in_sectors", 60), { status: "passed" }, "sectors that are known at different times");

  await plantKernel(db, "coming_mean", "series double precision[]", "2", `
    begin return array(select avg(x) over (order by i rows between 2 preceding and 2 following) from unnest(series) with ordinality as v (x, i) order by i); end`);
  await defineSet(db, "leaky_first", { ...honest, ahead: "cs.rank(ta.coming_mean(close))" });
  t.match(await probe(db, "leaky_first"), { status: "failed", features: ["ahead", "leaky_first_base.coming_mean_close"] }, "a leak in the first stage");

  // Mistakes that a compiler could make in the second stage.
  const mistakes: Record<string, { change: [RegExp, string]; features: string[]; reason?: string }> = {
    late_groups: { change: [/, max\(known_sector\) over section/, ""], features: ["both", "excess", "score"], reason: "before a change of group" },
    whole_sample: { change: [/partition by ts order by instrument_id/g, "order by ts, instrument_id"], features: ["both"] },
    late_bars: { change: [/max\(known_from\) over section(_sector)?, /g, ""], features: ["excess", "place"] },
  };
  for (const [name, { change: [from, to], features, reason }] of Object.entries(mistakes)) {
    await defineSet(db, name, honest);
    const sql = await db.value<string>("select (feature.version_of($1)).compiled_sql", [name]);
    t.not(sql.replace(from, to), sql, `${name}: the query is changed`);
    await db.query("update feature.feature_set_version set compiled_sql = $2 where feature_set_version_id = (feature.version_of($1)).feature_set_version_id", [name, sql.replace(from, to)]);
    const found = await probe(db, name, 40);
    t.equal(found.status, "failed", `${name}: ${found.message}`);
    for (const feature of features) t.ok(found.features.includes(feature), `${name}: ${feature} of ${found.features}`);
    t.notOk(found.features.includes("own"), "what compares nothing is right");
    if (reason !== undefined) t.ok(found.reasons.includes(reason), `${name}: ${reason} of ${found.reasons}`);
  }
  t.same(
    await db.query("select (select count(*)::int from market.instrument) as instruments, (select count(*)::int from feature.feature_vector) as vectors, (select count(*)::int from market.instrument_group) as changes"),
    [{ instruments: 6, vectors: 0, changes: 8 }], "nothing is left of the worlds",
  );
});
