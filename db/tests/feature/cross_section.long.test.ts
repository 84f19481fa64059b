import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { computeFeatures } from "../../../runner/features/compute.ts";
import { silentProgress } from "../../../runner/output/progress.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomBar, randomNumbers, startRun, type Bench, type Id } from "./fixture.ts";

t.setTimeout(300_000);

/** Brings everything up to date; gives what was computed. */
async function computeStale(db: TestDatabase) {
  return db.query<{ feature_set: string; symbol: string; rows_changed: string; bars: string; from_ts: Date; to_ts: Date; error: string | null }>(
    "select feature_set, symbol, rows_changed, bars, from_ts, to_ts, error from pipeline.compute_stale_features($1)", [await startRun(db)], "worker",
  );
}

/** Only the named sets are computed. */
async function onlySets(db: TestDatabase, ...names: string[]) {
  await db.query("update feature.feature_set set is_active = name = any ($1) or coalesce(companion_of, 0) in (select feature_set_id from feature.feature_set where name = any ($1))", [names]);
}

/** Puts symbols into a group. */
async function setGroup(db: TestDatabase, kind: string, name: string | null, symbols: string[], from: string, knownFrom: string): Promise<number> {
  return db.value<number>("select market.set_group($1, $2, $3, $4, $5, $6)::int", [await startRun(db), kind, name, symbols, from, knownFrom], "worker");
}

/** Vectors that are not, bit for bit, what the query of the set makes of all that its first stage has. */
async function differing(db: TestDatabase, set: string): Promise<unknown[]> {
  const { sql, base } = (await db.query<{ sql: string; base: string }>("select compiled_sql as sql, base_version_id as base from feature.version_of($1)", [set]))[0] as { sql: string; base: string };
  return db.query(
    `select coalesce(computed.instrument_id, stored.instrument_id) as instrument_id, ts, computed.values as full_series, stored.values as stored
     from (${sql}) as computed
     full join (select * from feature.feature_vector where feature_set_version_id = (feature.version_of($4)).feature_set_version_id) as stored using (instrument_id, ts)
     where array_send(stored.values) is distinct from array_send(computed.values)`,
    [base, ["-infinity"], ["infinity"], set],
  );
}

/** What the functions are by definition, for values at one time. */
const definitions = {
  rank: (all: number[], x: number) => (all.filter((y) => y < x).length + (all.filter((y) => y === x).length + 1) / 2) / all.length,
  demean: (all: number[], x: number) => x - mean(all),
  zscore: (all: number[], x: number) => {
    const deviation = Math.sqrt(all.reduce((sum, y) => sum + (y - mean(all)) ** 2, 0) / (all.length - 1));
    return all.every((y) => y === x) || all.length < 2 ? null : (x - mean(all)) / deviation;
  },
  scale: (all: number[], x: number) => x / all.reduce((sum, y) => sum + Math.abs(y), 0),
  winsorize: (all: number[], x: number) => Math.min(Math.max(x, quantile(all, 0.1)), quantile(all, 0.9)),
  quantile: (all: number[], x: number) => Math.ceil(definitions.rank(all, x) * 3 - 1e-9),
};
const mean = (all: number[]) => all.reduce((sum, y) => sum + y, 0) / all.length;
const quantile = (all: number[], share: number) => {
  const sorted = all.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] as number;
  return low + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] as number) - low);
};

t.test("an expression names other features of its set", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const { lookback } = await defineSet(db, "named", {
    gap: "ma5 / ma20 - 1",
    ma5: "ta.rolling_mean(close, 5)",
    ma20: "ta.rolling_mean(close, 20)",
    smooth: "ta.rolling_mean(gap, 3) + ma5",
  });
  t.equal(lookback, 19 + 2, "the lookback follows");
  const sql = await db.value<string>("select (feature.version_of('named')).compiled_sql");
  t.equal(sql.match(/feature\.moments\(close\) over frame_4/g)?.length, 1, "what is named twice is computed once");
  await defineSet(db, "spelt", {
    gap: "ta.rolling_mean(close, 5) / ta.rolling_mean(close, 20) - 1",
    smooth: "ta.rolling_mean(ta.rolling_mean(close, 5) / ta.rolling_mean(close, 20) - 1, 3) + ta.rolling_mean(close, 5)",
  });
  const id = await addInstrument(bench, "AAA");
  const random = randomNumbers(3);
  await addBars(bench, id, Array.from({ length: 60 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  for (const set of ["named", "spelt"]) await compute(bench, set, id);
  t.same(await db.query("select gap, smooth from feature.named order by ts"), await db.query("select gap, smooth from feature.spelt order by ts"), "as if they were spelt out");

  const refused = (features: Record<string, string>) =>
    db.refused(
      `select feature.define_set('bad', 'For a test.', array(
         select row(name, expression, 'x')::feature.definition from unnest($1::text[], $2::text[]) with ordinality as d (name, expression, position) order by position))`,
      [Object.keys(features), Object.values(features)], "author",
    );
  t.match(await refused({ a: "b + close", b: "c * 2", c: "ta.sma(a, 3)" }), { code: "MB001", message: "Feature a comes back to itself: a → b → c → a.", hint: /./ });
  t.match(await refused({ x: "y", y: "z + close", z: "y - close" }), { code: "MB001", message: "Feature y comes back to itself: y → z → y." });
  t.match(await refused({ a: "a + close" }), { code: "MB003", message: "Feature a, at character 1 (a + close): a is not a column of a bar, and no other feature of the set." });
  t.match(await refused({ close: "open" }), { code: "MB001", message: /Feature close: It has the name of a column/ });
  t.match(await refused({ a: "close + b", b: "1 + ta.nothing(close)" }), { code: "MB003", message: /^Feature b, at character 5 \(ta.nothing\(c\): There is no kernel/ });
  t.match(await refused({ a: "close + 1", b: "ta.sma(5, a)" }), { code: "MB001", message: /^Feature b, .*must be a whole number|is a series/ });
  const growing = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, i === 0 ? "close" : `f${i - 1} + f${i - 1} * f${i - 1}`]));
  t.match(await refused(growing), { code: "MB001", message: /too long/ }, "what doubles with each name ends in a sentence");
});

t.test("comparisons are refused in a sentence, with their place", async (t) => {
  const db = await testDatabase(t);
  const cases: [string, string, RegExp][] = [
    ["cs.median(close)", "MB003", /^Feature x, at character 1 \(cs.median\(cl\): There is no function cs.median/],
    ["close + cs.rank()", "MB001", /at character 9 .* 0 arguments/],
    ["cs.rank(close, open, sector)", "MB001", /2 arguments besides the group/],
    ["cs.rank(close, secto)", "MB003", /at character 16 \(secto\)\): There is no kind of group named secto/],
    ["cs.rank(5)", "MB001", /the same everywhere/],
    ["cs.rank(close > open)", "MB001", /A condition stands/],
    ["cs.winsorize(close)", "MB001", /1 arguments/],
    ["cs.winsorize(close, 0.5)", "MB001", /share of cs.winsorize must be/],
    ["cs.quantile(close, 2.5)", "MB001", /whole number/],
    ["cs.quantile(close, open)", "MB001", /1 arguments besides the group/],
    ["ta.sma(cs.rank(close), 5)", "MB001", /at character 1 .*cannot take what cs compares/],
    ["close + ta.sma(1 - cs.rank(close), 5)", "MB001", /at character 9 .*cannot take what cs compares/],
    ["cs.rank(ta.sma(close, 0))", "MB001", /at character 9 .*period/],
    ["cs.rank(close", "MB001", /ends where \) is expected/],
  ];
  for (const [expression, code, message] of cases) {
    t.match(await db.refused("select feature.define_set('bad', 'x', array[row('x', $1::text, 'x')::feature.definition])", [expression], "author"), { code, message, hint: /./ }, expression);
  }
  t.match(await db.refused("select feature.define_set($1, 'x', array[row('x', 'cs.rank(close)', 'x')::feature.definition])", ["n".repeat(44)], "author"), { code: "MB001", message: /too long/ });
  t.equal(await db.value("select count(*)::int from feature.feature_set where name like 'bad%'"), 0, "nothing is defined");
});

t.test("figures by hand, with equal and missing values, among all and within groups", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  // AAA to DDD are tech, EEE and FFF banks, GGG is in no sector; FFF lacks the bar before, so that its return is missing.
  const closes: Record<string, [number | null, number]> = { AAA: [100, 110], BBB: [100, 120], CCC: [100, 110], DDD: [100, 90], EEE: [100, 105], FFF: [null, 50], GGG: [100, 100] };
  for (const [symbol, [before, now]] of Object.entries(closes)) {
    const id = await addInstrument(bench, symbol);
    if (before !== null) await addBars(bench, id, [flatBar(dayAfter(0), before)]);
    await addBars(bench, id, [flatBar(dayAfter(1), now, symbol === "EEE" ? "2020-01-10T00:00:00Z" : undefined)]);
  }
  await setGroup(db, "sector", "Tech", ["AAA", "BBB", "CCC", "DDD"], "2019-01-01", "2019-01-01T00:00:00Z");
  await setGroup(db, "sector", "Banks", ["EEE", "FFF"], "2019-01-01", "2019-01-01T00:00:00Z");
  await defineSet(db, "by_hand", {
    ret: "close / ta.ref(close, 1) - 1",
    rank: "cs.rank(ret)",
    rank_close: "cs.rank(close)",
    sector_rank: "cs.rank(ret, sector)",
    sector_demean: "cs.demean(close, sector)",
    zscore: "cs.zscore(close - 100, sector)",
    scale: "cs.scale(close - 100)",
    half: "cs.quantile(close, 2)",
    drawn: "cs.winsorize(close, 0.25)",
    nested: "cs.demean(cs.winsorize(close, 0.25), sector)",
    mixed: "case when close > open - 1 then 2 * cs.rank(ret) - 1 end",
  });
  await onlySets(db, "by_hand");
  await computeStale(db);
  const found = Object.fromEntries(
    (await db.query<Record<string, number | null> & { symbol: string }>("select * from feature.by_hand where session_date = $1", [dayAfter(1)])).map((row) => [row.symbol, row]),
  );
  const column = (name: string) => Object.keys(closes).map((symbol) => {
    const value = found[symbol]?.[name];
    return typeof value === "number" ? Math.round(value * 1e9) / 1e9 : value;
  });
  const round = (values: (number | null)[]) => values.map((value) => (value === null ? null : Math.round(value * 1e9) / 1e9));
  t.same(column("ret"), [0.1, 0.2, 0.1, -0.1, 0.05, null, 0]);
  t.same(column("rank"), round([4.5 / 6, 6 / 6, 4.5 / 6, 1 / 6, 3 / 6, null, 2 / 6]));
  t.same(column("rank_close"), round([5.5 / 7, 1, 5.5 / 7, 2 / 7, 4 / 7, 1 / 7, 3 / 7]));
  t.same(column("sector_rank"), [2.5 / 4, 1, 2.5 / 4, 1 / 4, 1, null, null], "a missing value does not count, an instrument without a sector has none");
  t.same(column("sector_demean"), [2.5, 12.5, 2.5, -17.5, 27.5, -27.5, null]);
  const deviation = Math.sqrt((2.5 ** 2 + 12.5 ** 2 + 2.5 ** 2 + 17.5 ** 2) / 3);
  t.same(column("zscore"), round([2.5 / deviation, 12.5 / deviation, 2.5 / deviation, -17.5 / deviation, Math.SQRT1_2, -Math.SQRT1_2, null]), "by the sample deviation");
  t.same(column("scale"), round([10, 20, 10, -10, 5, -50, 0].map((x) => x / 105)));
  t.same(column("half"), [2, 2, 2, 1, 2, 1, 1].map((half, i) => (i === 4 ? Math.ceil((2 * 4) / 7) : half)));
  // 50 90 100 105 110 110 120: the quarter lies between the second and the third.
  t.same(column("drawn"), [110, 110, 110, 95, 105, 95, 100]);
  t.same(column("nested"), [3.75, 3.75, 3.75, -11.25, 5, -5, null], "comparisons of comparisons");
  t.same(column("mixed"), round([4.5 / 3 - 1, 1, 4.5 / 3 - 1, 1 / 3 - 1, 0, null, 2 / 3 - 1]));
  t.same(
    await db.query("select distinct known_from from feature.feature_data where feature_set = 'by_hand' and session_date = $1", [dayAfter(1)]),
    [{ known_from: new Date("2020-01-10T00:00:00Z") }], "known when the last of all is",
  );
  const status = await db.query("select feature_set, vectors::int, stale_marks::int, planned_bars::int from feature.set_status where feature_set like 'by_hand%' order by 1", [], "reader");
  t.same(status, [{ feature_set: "by_hand", vectors: 13, stale_marks: 0, planned_bars: 0 }, { feature_set: "by_hand_base", vectors: 13, stale_marks: 0, planned_bars: 0 }]);
  t.same(
    (await db.query("select ret, bar_close from feature.by_hand_base where symbol = 'BBB' order by ts desc limit 1", [], "reader")).map((row) => row["bar_close"]), [120], "what was compared can be seen",
  );

  // Equal values have no deviation; a rounded sum must not make one.
  await defineSet(db, "still", { z: "cs.zscore(close - close + 0.1)", s: "cs.scale(close - close)", r: "cs.rank(close - close)" });
  await onlySets(db, "still");
  await computeStale(db);
  t.same(await db.query("select distinct z, s, r from feature.still where session_date = $1", [dayAfter(1)]), [{ z: null, s: null, r: 4 / 7 }]);
});

t.test("figures of random cross-sections are those of the definitions", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(21);
  const symbols = Array.from({ length: 25 }, (_, i) => `S${i}`);
  for (const symbol of symbols) {
    const id = await addInstrument(bench, symbol);
    // Few prices, so that many are equal; some bars are missing.
    await addBars(bench, id, Array.from({ length: 40 }, (_, i) => i).filter(() => random() < 0.9).map((i) => flatBar(dayAfter(i), 1 + Math.floor(random() * 12) / 10)));
    await setGroup(db, "sector", `G${Math.floor(random() * 4)}`, [symbol], "2019-01-01", "2019-01-01T00:00:00Z");
  }
  const names = Object.keys(definitions) as (keyof typeof definitions)[];
  const call = (name: string, group: string) => `cs.${name}(close${name === "winsorize" ? ", 0.1" : name === "quantile" ? ", 3" : ""}${group})`;
  await defineSet(db, "random_sections", Object.fromEntries(names.flatMap((name) => [[`all_${name}`, call(name, "")], [`sector_${name}`, call(name, ", sector")]])));
  await onlySets(db, "random_sections");
  await computeStale(db);
  const vectors = await db.query<Record<string, number | null> & { symbol: string; ts: Date }>("select f.*, p.close, g.name as sector from feature.random_sections as f join market.price_data as p using (instrument_id, ts) join market.instrument_group as g using (instrument_id)");
  const worst: Record<string, number> = {};
  for (const [, section] of Map.groupBy(vectors, (row) => Number(row.ts))) {
    for (const row of section) {
      for (const [prefix, members] of [["all", section], ["sector", section.filter((other) => other["sector"] === row["sector"])]] as const) {
        for (const name of names) {
          const expected = definitions[name](members.map((other) => other["close"] as number), row["close"] as number);
          const found = row[`${prefix}_${name}`] as number | null;
          const error = expected === null || found === null ? Number(expected !== found) : Math.abs(found - expected);
          worst[name] = Math.max(worst[name] ?? 0, error);
        }
      }
    }
  }
  t.ok(vectors.length > 800, `${vectors.length} vectors`);
  for (const name of names) t.ok((worst[name] ?? 1) < 1e-12, `${name}: at worst ${worst[name]}`);
  t.equal(worst["rank"], 0, "ranks are the same bit for bit");
});

t.test("only what changed is compared again, and stages come in order", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const ids: Id[] = [];
  const random = randomNumbers(31);
  for (const symbol of ["AAA", "BBB", "CCC"]) {
    const id = await addInstrument(bench, symbol);
    ids.push(id);
    await addBars(bench, id, Array.from({ length: 200 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  }
  await setGroup(db, "sector", "Tech", ["AAA", "BBB"], "2019-01-01", "2019-01-01T00:00:00Z");
  const first = await defineSet(db, "ordered", { x: "cs.demean(ta.ref(close, 1))", y: "cs.rank(close, sector)" });
  await onlySets(db, "ordered");
  t.equal(first.lookback, 1);
  t.same((await db.query("select step, reason from pipeline.pending_work('none') where reason like '%ordered%' order by reason")).map(({ step }) => step), ["features", "features", "features"]);
  t.same((await computeStale(db)).map((row) => [row.feature_set, row.symbol, row.rows_changed]), [
    ["ordered_base", "AAA", "200"], ["ordered_base", "BBB", "200"], ["ordered_base", "CCC", "200"],
    ["ordered", "AAA", "200"], ["ordered", "BBB", "200"], ["ordered", "CCC", "200"],
  ]);
  t.same(await computeStale(db), [], "nothing is left");
  t.same(await db.query("select from pipeline.pending_work('none') where reason like '%ordered%'"), []);

  await addBars(bench, ids[0] as Id, [randomBar(random, dayAfter(50), 100, "2021-01-01T00:00:00Z")]);
  const second = await computeStale(db);
  t.same(second.map((row) => [row.feature_set, row.symbol, row.rows_changed]), [
    ["ordered_base", "AAA", "2"], ["ordered", "AAA", second[1]?.rows_changed], ["ordered", "BBB", second[2]?.rows_changed], ["ordered", "CCC", "1"],
  ], "the mean of the day after changes for all, the place in the sector only for some");
  t.ok(Number(second[1]?.rows_changed) >= 1 && Number(second[2]?.rows_changed) >= 1);
  t.same([second[1]?.bars, second[1]?.from_ts.toISOString().slice(0, 10), second[1]?.to_ts.toISOString().slice(0, 10)], ["2", dayAfter(50), dayAfter(51)], "two cross-sections were looked at");
  t.same(await differing(db, "ordered"), []);

  // Equal again: nothing is written, nothing compared.
  await db.query("select pipeline.mark_all_stale('feature')");
  t.same((await computeStale(db)).map((row) => [row.feature_set, row.rows_changed]), [["ordered_base", "0"], ["ordered_base", "0"], ["ordered_base", "0"]]);

  // A change of membership reaches to the next one, and concerns no set that does not ask for it.
  await defineSet(db, "aside", { z: "cs.zscore(close)" });
  await db.query("select feature.activate_set('aside')");
  await computeStale(db);
  t.equal(await setGroup(db, "sector", "Banks", ["BBB"], dayAfter(150), "2020-05-01T00:00:00Z"), 1);
  t.equal(await setGroup(db, "sector", "Banks", ["BBB"], dayAfter(160), "2020-05-01T00:00:00Z"), 0, "he is there already");
  const third = await computeStale(db);
  t.same(third.map((row) => [row.feature_set, row.symbol, row.bars]), [["ordered", "AAA", "50"], ["ordered", "BBB", "50"], ["ordered", "CCC", "50"]]);
  t.equal(await setGroup(db, "sector", null, ["BBB"], dayAfter(100), "2020-05-01T00:00:00Z"), 1);
  t.same((await computeStale(db)).map((row) => row.bars), ["50", "50", "50"], "from day 100 to the day before the next change");
  t.same(await db.query("select distinct y from feature.ordered where symbol = 'BBB' and ts between $1 and $2", [dayAfter(100), dayAfter(149)]), [{ y: null }]);
  t.same(await db.query("select symbol, name, from_date::text, to_date::text from market.instrument_group_spell where symbol = 'BBB' order by from_date", [], "reader"), [
    { symbol: "BBB", name: "Tech", from_date: "2019-01-01", to_date: dayAfter(100) },
    { symbol: "BBB", name: null, from_date: dayAfter(100), to_date: dayAfter(150) },
    { symbol: "BBB", name: "Banks", from_date: dayAfter(150), to_date: null },
  ]);
  t.same(await differing(db, "ordered"), []);

  // Another second stage over the same first one: that stays.
  const again = await defineSet(db, "ordered", { x: "cs.demean(ta.ref(close, 1))", y: "1 - cs.rank(close, sector)" });
  t.not(again.version, first.version);
  t.same((await computeStale(db)).map((row) => [row.feature_set, row.rows_changed]), [["ordered", "200"], ["ordered", "200"], ["ordered", "200"]]);
  t.same(await db.query("select feature_name, bars::int, differing > 0 as differs from feature.diff('ordered', $1, $2)", [first.version, again.version], "reader"), [
    { feature_name: "x", bars: 600, differs: false }, { feature_name: "y", bars: 600, differs: true },
  ]);
  t.equal(await db.value("select count(*)::int from feature.feature_data_as_of('CCC', 'ordered', '2020-03-01T00:00:00Z')"), 2 * (59 - 2), "as known on 1 March; the two corrected cross-sections of this version were not");
  t.equal(await db.value("select count(*)::int from feature.latest('ordered')"), 3);

  // The first stage cannot be changed by itself; a set that compares nothing any more does without it.
  t.match(await db.refused("select feature.define_set('ordered_base', 'x', array[row('x', 'close', 'x')::feature.definition])", [], "author"), { code: "MB008", hint: /Define ordered/ });
  t.match(await db.refused("select feature.activate_set('ordered_base')", [], "worker"), { code: "MB008" });
  t.match(await db.refused("select feature.compute($1, 'ordered', array[$2::bigint])", [bench.runId, ids[0]], "worker"), { code: "MB008" });
  t.match(await db.refused("select feature.compute_cross_sections($1, 'ordered_base', '{-infinity}', '{infinity}')", [bench.runId], "worker"), { code: "MB001", message: /compares no instruments/ });
  t.match(await db.refused("delete from market.instrument_group", [], "worker"), { code: "42501" });
  t.match(await db.refused("delete from market.instrument_group"), { code: "MB006" });
  await defineSet(db, "ordered", { x: "ta.ref(close, 1)" });
  t.same((await computeStale(db)).map((row) => [row.feature_set, row.rows_changed]), [["ordered", "200"], ["ordered", "200"], ["ordered", "200"]]);
  t.match(await db.refused("select feature.version_of('ordered_base')"), { code: "MB003" });
  await defineSet(db, "ordered", { x: "cs.demean(ta.ref(close, 1))" });
  t.equal((await computeStale(db)).length, 6, "and has a new one when it compares again");
  t.same(await differing(db, "ordered"), []);
  t.same(await db.query("select * from feature.refresh_versions()"), [], "compiled again it is the same");
});

/** One random change; all of it is known at `moment`. */
async function disturb(bench: Bench, ids: Record<string, Id>, random: () => number, moment: string, mayDelete: boolean): Promise<void> {
  const symbols = Object.keys(ids);
  const symbol = symbols[Math.floor(random() * symbols.length)] as string;
  const id = ids[symbol] as Id;
  const day = Math.floor(random() * 75);
  const choice = random();
  if (choice < 0.5 || (choice >= 0.75 && !mayDelete)) {
    await addBars(bench, id, [randomBar(random, dayAfter(day), 100, moment)]);
  } else if (choice < 0.75) {
    await setGroup(bench.db, "sector", [null, "A", "B"][Math.floor(random() * 3)] ?? null, [symbol], dayAfter(day - 10), moment);
  } else {
    await bench.db.query("delete from market.price_data where instrument_id = $1 and session_date = $2", [id, dayAfter(day)]);
  }
}

for (const { seed, mayDelete } of [{ seed: 41, mayDelete: true }, { seed: 42, mayDelete: false }]) {
  t.test(`incremental equals full, bit for bit, and every past can be seen again (seed ${seed})`, async (t) => {
    const bench = await openBench(await testDatabase(t));
    const { db } = bench;
    const random = randomNumbers(seed);
    const ids: Record<string, Id> = {};
    for (const symbol of ["AAA", "BBB", "CCC", "DDD", "EEE"]) {
      ids[symbol] = await addInstrument(bench, symbol);
      await addBars(bench, ids[symbol], Array.from({ length: 60 }, (_, i) => i).filter(() => random() < 0.9).map((i) => randomBar(random, dayAfter(i), 100)));
      await setGroup(db, "sector", random() < 0.5 ? "A" : "B", [symbol], "2019-01-01", "2019-01-01T00:00:00Z");
    }
    await defineSet(db, "shaken", {
      drift: "cs.demean(ta.rolling_mean(close, 3))",
      sector: "cs.zscore(ta.rolling_std(close, 4), sector)",
      place: "cs.rank(close - open, sector) - cs.rank(volume)",
      twice: "cs.scale(cs.demean(close, sector))",
    });
    await onlySets(db, "shaken");
    await computeStale(db);
    const known = (at: string) =>
      db.query("select instrument_id, ts, values from feature.feature_vector_version where feature_set_version_id = (feature.version_of('shaken')).feature_set_version_id and known_from <= $1 and known_to > $1 order by 1, 2", [at]);
    const past: [string, unknown[]][] = [];
    for (let round = 1; round <= 8; round++) {
      const moment = `2021-01-${String(round).padStart(2, "0")}T00:00:00Z`;
      for (let step = 0; step < 4; step++) await disturb(bench, ids, random, moment, mayDelete);
      await computeStale(db);
      const wrong = await differing(db, "shaken");
      if (wrong.length > 0) t.fail(`${wrong.length} vectors differ in round ${round}`, { found: wrong.slice(0, 2) });
      past.push([moment, await known(mayDelete ? "2100-01-01" : moment)]);
      t.equal(await db.value("select (select count(*) from feature.stale_cross_section s join feature.feature_set f using (feature_set_id) where f.is_active)::int + (select count(*) from feature.computation_task)::int"), 0, `round ${round}`);
    }
    if (!mayDelete) for (const [moment, vectors] of past) t.same(await known(moment), vectors, `what was known on ${moment}`);
    t.equal(
      await db.value("select count(*)::int from feature.feature_vector_version as a join feature.feature_vector_version as b using (instrument_id, feature_set_version_id, ts) where a.revision < b.revision and a.known_to > b.known_from"),
      0, "no two revisions are known at once",
    );
    // Everything at once is what came bit by bit.
    const stored = await known("2100-01-01");
    await db.query("delete from feature.feature_vector where feature_set_version_id in (select feature_set_version_id from feature.feature_set_version)");
    await computeStale(db);
    t.same(await known("2100-01-01"), stored, "computed in full");
  });
}

t.test("several workers at once, and one that is interrupted, come to the same", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(51);
  const ids: Id[] = [];
  for (let i = 0; i < 6; i++) {
    const id = await addInstrument(bench, `W${i}`);
    ids.push(id);
    await addBars(bench, id, Array.from({ length: 150 }, (_, day) => randomBar(random, dayAfter(day), 100)));
  }
  await defineSet(db, "shared", { x: "cs.zscore(ta.rolling_mean(close, 5))", y: "cs.rank(volume)" });
  await onlySets(db, "shared");
  const worker = async () => {
    const run = await startRun(db);
    await db.query("select pipeline.plan_features($1)", [run], "worker");
    while ((await db.query("select from pipeline.compute_features($1)", [run], "worker")).length > 0);
  };
  for (let round = 0; round < 4; round++) {
    // Bars come while the workers are at it.
    const change = async () => {
      for (let step = 0; step < 5; step++) {
        await addBars(bench, ids[Math.floor(random() * ids.length)] as Id, [randomBar(random, dayAfter(Math.floor(random() * 160)), 100, "2021-01-01T00:00:00Z")]);
      }
    };
    const interrupted = async () => {
      const client = await db.worker.connect();
      try {
        await client.query("begin");
        await client.query("select pipeline.compute_features($1)", [bench.runId]);
        await client.query("rollback");
      } finally {
        client.release();
      }
    };
    await Promise.all([worker(), change(), worker(), interrupted(), worker()]);
  }
  // The command's workers; those that find nothing wait for the second stage.
  for (const id of ids) await addBars(bench, id, [randomBar(random, dayAfter(200), 100)]);
  const computed = await computeFeatures(db.worker, await startRun(db), silentProgress().step("features"), { workers: 3, everything: false });
  t.same(new Set(computed.map((one) => one.feature_set)), new Set(["shared", "shared_base"]));
  t.equal(await db.value("select (select count(*) from feature.stale_cross_section where feature_set_id = (feature.current_set('shared')).feature_set_id)::int + (select count(*) from feature.computation_task)::int"), 0);
  t.same(await differing(db, "shared"), []);
});

t.test("a trace leads from a comparison to the bodies of all that were compared", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  for (const symbol of ["AAA", "BBB"]) {
    const id = await addInstrument(bench, symbol);
    await addBars(bench, id, [0, 1, 2].map((i) => flatBar(dayAfter(i), 100 + i + symbol.charCodeAt(0))));
  }
  await setGroup(db, "sector", "Tech", ["AAA", "BBB"], "2019-01-01", "2019-01-01T00:00:00Z");
  await defineSet(db, "traced", { x: "cs.demean(close, sector)" });
  await onlySets(db, "traced");
  await computeStale(db);
  const steps = await db.query("select depth, relation, symbol, version from lineage.trace('feature.feature_vector', null, 'AAA', $1) where version like 'traced@%' or depth > 0", [`${dayAfter(1)}Z`], "reader");
  const relations = steps.map(({ relation, symbol }) => `${relation as string} ${(symbol as string | null) ?? ""}`.trim());
  for (const wanted of ["feature.feature_vector AAA", "feature.feature_vector BBB", "market.price_data BBB", "market.instrument_group BBB", "ingest.raw_response"]) t.ok(relations.includes(wanted), wanted);
  t.same(
    await db.query("select source_relation, source_instrument_id, target_relation, row_count::int, transformation from lineage.data_lineage where transformation_version like 'traced@%' order by target_instrument_id"),
    [1, 2].map(() => ({ source_relation: "feature.feature_vector", source_instrument_id: null, target_relation: "feature.feature_vector", row_count: 3, transformation: "feature.compute_cross_sections" })),
  );
});
