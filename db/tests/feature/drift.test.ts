import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomNumbers, startRun } from "./fixture.ts";

/** Whether a figure is another one to 12 digits. */
function near(t: { ok(value: unknown, message: string): unknown }, found: unknown, expected: number, message: string): void {
  t.ok(typeof found === "number" && Math.abs(found - expected) <= 1e-12 * Math.max(1, Math.abs(expected)) && (expected === 0 || Math.abs(found / expected - 1) < 1e-9), `${message}: ${found}, expected ${expected}`);
}

/** Normal numbers from uniform ones (Box and Muller). */
function normals(random: () => number, count: number, mean = 0, deviation = 1): number[] {
  return Array.from({ length: count }, () => mean + deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

t.test("measures have the figures that others computed", async (t) => {
  const db = await testDatabase(t);
  const row = async (sql: string, ...values: unknown[]) => (await db.query<Record<string, number | null>>(sql, values, "reader"))[0] ?? {};

  // scipy 1.17.1: ks_2samp(x, y, method='exact') and, for the last, method='asymp'; entropy(c, b); jensenshannon(b, c, 2); chi2.sf; chi2_contingency;
  // the shares b and c by numpy 2: searchsorted(quantile(x, arange(1, n) / n), side='right').
  let found = await row("select (feature.ks($1, $2)).*", [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]);
  near(t, found["statistic"], 1, "apart");
  near(t, found["p_value"], 2 / 252, "2 of the 252 orders of five and five");
  found = await row(
    "select (feature.ks($1, $2)).*",
    [0.61, 0.29, 0.06, 0.59, -1.73, -0.74, 0.51, -0.56, 0.39, 1.64, 0.05, -0.06, 0.64, -0.82, 0.37, 1.77, 1.09, -1.28, 2.36, 1.31, 1.05, -0.32],
    [0.71, 1.29, 0.16, 1.59, -0.73, 0.74, 1.51, 0.56, 1.39, 2.64, 1.05, 0.94, 1.64, 0.18],
  );
  near(t, found["statistic"], 0.44155844155844154, "Kolmogorov-Smirnov distance");
  near(t, found["p_value"], 0.05028733524867336, "its probability, exact");
  const x = Array.from({ length: 300 }, (_, i) => Math.sin(i + 1));
  const y = Array.from({ length: 250 }, (_, i) => Math.sin(1.7 * (i + 1)) * 1.2 + 0.1);
  found = await row("select (feature.ks($1, $2)).*, feature.psi($1, $2, 5), feature.kl($1, $2, 5), feature.js($1, $2, 5), feature.psi($1, $2) as psi10, feature.kl($1, $2) as kl10, feature.js($1, $2) as js10", x, y);
  near(t, found["statistic"], 0.236, "Kolmogorov-Smirnov distance of large samples");
  t.ok(Math.abs((found["p_value"] ?? 1) / 3.812797270324376e-7 - 1) < 0.1, `its probability by the limit: ${found["p_value"]}, exactly 3.81e-7`);
  for (const [name, value] of Object.entries({
    psi: 0.0789504586111697, kl: 0.04027707376026478, js: 0.11900207196510404, psi10: 0.26589878606944584, kl10: 0.14101155811005364, js10: 0.21624119405591394,
  })) near(t, found[name], value, name);
  found = await row("select p_value as p from feature.divergences(array(select c from feature.bin_counts($1, $2) as c))", x, y);
  t.ok(Math.abs((found["p"] ?? 0) / 5.774702194996334e-05 - 1) < 1e-9, `chi-square test of the bins: ${found["p"]}`);

  // The documentation of scipy 1.17: entropy([1/2, 1/2], qk=[9/10, 1/10]) is 0.5108256237659907; jensenshannon([1.0, 0.0], [0.5, 0.5]) is
  // 0.46450140402245893 in nats.
  found = await row("select feature.kl($1, $2), feature.psi($1, $2), feature.js('{1}', '{1, 2}') * sqrt(ln(2::float8)) as js", [1, 1, 1, 1, 1, 1, 1, 1, 1, 2], [1, 2]);
  near(t, found["kl"], 0.5108256237659907, "the divergence of the documentation");
  near(t, found["psi"], 0.4 * Math.log(9), "(0.9 - 0.5) ln(0.9 / 0.5) + (0.5 - 0.1) ln(0.5 / 0.1)");
  near(t, found["js"], 0.46450140402245893, "the distance of the documentation");

  for (const [value, degrees, tail] of [[5, 1, 0.025347318677468325], [5, 2, 0.0820849986238988], [16.919, 9, 0.049999640848349826], [30, 9, 0.00043872177097947936], [100, 9, 1.5735176303753876e-17], [3.3, 4, 0.5089322578449987], [200, 99, 8.19391189142209e-9], [0, 3, 1], [-1, 3, 1]] as const) {
    const { tail: ours } = await row("select feature.chi_square_tail($1, $2) as tail", value, degrees);
    t.ok(typeof ours === "number" && Math.abs(ours / tail - 1) < 1e-9, `chi-square with ${degrees} degrees of freedom beyond ${value}: ${ours}`);
  }
  // Smirnov's table (Biometrika Tables for Statisticians II): 5 % beyond 1.3581 for large samples, 1 % beyond 1.6276.
  for (const [lambda, tail] of [[1.3581, 0.05], [1.6276, 0.01], [0.8276, 0.5]] as const) {
    const { p } = await row("select feature.ks_p_value($1::float8 / sqrt(5e5::float8), 1000000, 1000000) as p", lambda);
    t.ok(Math.abs((p ?? 0) / tail - 1) < 2e-3, `Kolmogorov's distribution beyond ${lambda}: ${p}`);
  }
});

t.test("what has no distance has a defined one", async (t) => {
  const db = await testDatabase(t);
  const measures = async (baseline: (number | string | null)[] | null, current: (number | string | null)[] | null) =>
    (await db.query("select feature.psi($1, $2) as psi, feature.kl($1, $2) as kl, feature.js($1, $2) as js, (feature.ks($1, $2)).statistic as ks, (feature.ks($1, $2)).p_value as p", [baseline, current], "reader"))[0];
  const nothing = { psi: null, kl: null, js: null, ks: null, p: null };
  const none = { psi: 0, kl: 0, js: 0, ks: 0, p: 1 };
  t.same(await measures([], []), nothing, "empty");
  t.same(await measures([1, 2], []), nothing, "nothing now");
  t.same(await measures([], [1, 2]), nothing, "nothing before");
  t.same(await measures(null, [1, 2]), nothing, "NULL");
  t.same(await measures([null, null], [1, 2]), nothing, "all NULL");
  t.same(await measures([1, 2], ["NaN", "Infinity", "-Infinity", null]), nothing, "no numbers");
  t.same(await measures([5, 5, 5], [5, 5]), none, "constant and the same");
  const far = 0.9999 * Math.log(1e4) * 2;
  for (const constant of [4, 6]) {
    const moved = await measures([5, 5, 5], [constant, constant]) as Record<string, number>;
    near(t, moved["psi"], far, `constant and moved to ${constant}`);
    t.match(moved, { js: 1, ks: 1 });
  }
  t.same(await measures([3], [3]), none, "one value");
  t.same(await measures([1, 2, 3, 4], [4, 3, 2, 1]), none, "another order");
  t.same(await measures([1, 2, null, "NaN"], [2, 1]), none, "what is no number does not count");
  t.match(await db.refused("select feature.psi('{1}', '{1}', 1)"), { code: "MB001" });
  t.match(await db.refused("select feature.bin_counts('{1}', '{1}', null)"), { code: "MB001" });
  // Half of the values are zero: they have a bin of their own, and a rise of their share shows.
  t.same(await db.query("select bin, baseline_count::int as before, current_count::int as now from feature.bin_counts('{0,0,0,0,1,2,3,4}', '{0,0,0,0,0,0,3,4}', 4)"),
    [{ bin: 1, before: 4, now: 6 }, { bin: 4, before: 2, now: 0 }, { bin: 6, before: 2, now: 2 }]);
});

/** A set of two features, one instrument each of whose bars is one draw. */
async function drawSet(db: TestDatabase, draws: readonly number[]): Promise<void> {
  const bench = await openBench(db);
  await defineSet(db, "drawn", { level: "close", bounded: "case when close > 3 then close end", idle: "case when close > 0 then 1 else 0 end" });
  const id = await addInstrument(bench, "AAA");
  await addBars(bench, id, draws.map((draw, i) => flatBar(dayAfter(i), draw)));
  await compute(bench, "drawn", id);
}

t.test("a set that has moved fails, one that has not passes, and the result is stored", async (t) => {
  const db = await testDatabase(t);
  const random = randomNumbers(21);
  // 400 days at 10; 100 at 10, 100 at 10.35, 100 at 12 deviations of 1.
  await drawSet(db, [...normals(random, 500, 10), ...normals(random, 100, 10.45), ...normals(random, 100, 12)]);
  const windows = (from: number, to: number) => [`${dayAfter(0)}Z`, `${dayAfter(399)}Z`, `${dayAfter(from)}Z`, `${dayAfter(to)}Z`];
  const levels = async (from: number, to: number) =>
    db.query<Record<string, unknown>>(
      "select feature_name, level, reason, baseline_count::int, current_count::int, psi, ks, current_null_share, last_ts, sessions_behind from feature.drift('drawn', $1, $2, $3, $4, '{\"sessions_behind\": null}')", windows(from, to), "reader",
    );
  t.match(await levels(400, 499), [{ feature_name: "level", level: "ok", reason: null, baseline_count: 400, current_count: 100 }, { level: "ok" }, { feature_name: "idle", level: "ok", psi: 0, ks: 0 }]);
  t.match(await levels(600, 699), [{ feature_name: "level", level: "fail", reason: /^psi [\d.]+ is at least 0\.25, ks 0\.\d+ is at least 0\.2$/ }, { level: "fail" }, { level: "ok" }]);

  const run = await startRun(db);
  const stored = await db.query(
    "select rule, status, severity, checked_count::int as checked, failed_count::int as failed, message from feature.check_drift($1, 'drawn', $2, $3, $4, $5, '{\"sessions_behind\": null}')", [run, ...windows(600, 699)], "worker",
  );
  t.match(stored, [
    { rule: "feature_drift", status: "failed", severity: "error", checked: 3, failed: 2, message: /^2 of 3 failed\. First: level of drawn: psi .* Baseline 2020-01-02 to 2021-02-04, current / },
    { rule: "feature_drift_warning", status: "passed", severity: "warning", checked: 3, failed: 0 },
  ]);
  t.match(
    await db.query("select key ->> 'feature' as feature, (observed ->> 'psi')::float8 > 0.25 as high, instrument_id from quality.validation_finding order by 1", [], "reader"),
    [{ feature: "bounded", high: true, instrument_id: null }, { feature: "level", high: true }],
  );
  t.match(
    await db.query("select status from feature.check_drift($1, 'drawn', $2, $3, $4, $5, '{\"sessions_behind\": null}')", [await startRun(db), ...windows(400, 499)], "worker"),
    [{ status: "passed" }, { status: "passed" }],
  );
  t.match(await db.query("select rule, status from feature.check_drift($1, 'drawn')", [await startRun(db)], "worker"), [{ status: "failed" }, {}], "windows of its own: the last thirty days");

  // Thresholds, freshness, nulls, windows without vectors.
  t.match(
    await db.query("select level, reason from feature.drift('drawn', $1, $2, $3, $4, '{\"psi\": [50, 60], \"ks\": null, \"null_share\": null, \"sessions_behind\": null}')", windows(600, 699)),
    [{ level: "ok" }, { level: "ok" }, { level: "ok" }],
  );
  const late = await db.query("select level, reason, last_ts, sessions_behind from feature.drift('drawn', $1, $2, $3, $4)", [...windows(400, 0).slice(0, 2), `${dayAfter(600)}Z`, "2021-12-10Z"]);
  t.match(late[2], { level: "fail", reason: "sessions_behind 7.0000 is at least 5", last_ts: new Date(`${dayAfter(699)}Z`), sessions_behind: 7 }, "2 to 10 December 2021 less the weekend");
  const empty = await db.query("select level, reason, current_null_share from feature.drift('drawn', $1, $2, '2030-01-01', '2030-02-01', '{\"sessions_behind\": null}')", windows(0, 0).slice(0, 2));
  t.match(empty[0], { level: "fail", reason: "null_share 1.0000 is at least 0.1", current_null_share: null }, "nothing there");
  t.match((await db.query("select level from feature.drift('drawn', '2000-01-01', '2000-02-01', '2030-01-01', '2030-02-01', '{\"sessions_behind\": null}')"))[0], { level: null }, "nothing to compare");
  t.equal((await db.query("select baseline_count::int as n from feature.drift('drawn', $1, $2, $3, $4, '{}', 100)", windows(600, 699)))[0]?.["n"] as number < 140, true, "about as many vectors as asked for");
  for (const thresholds of ['{"psy": [1, 2]}', '{"psi": 1}', '{"psi": [2, 1]}', '{"psi": ["a", 1]}', '{"significance": null}']) {
    t.match(await db.refused("select feature.drift('drawn', '2020-01-01', '2020-02-01', '2020-03-01', '2020-04-01', $1)", [thresholds]), { code: "MB001" }, thresholds);
  }
  t.match(await db.refused("select feature.drift('drawn', '2020-02-01', '2020-01-01', '2020-03-01', '2020-04-01')"), { code: "MB001", message: "A window ends before it begins." });
  t.match(await db.refused("select feature.drift('nothing', now(), now(), now(), now())"), { code: "MB003" });
});

t.test("size and power by simulation", async (t) => {
  const db = await testDatabase(t);
  const random = randomNumbers(99);
  const trials = 100;
  /** How often the measures of two samples are beyond the thresholds for warn and fail, as feature.drift judges them. */
  const rates = async (shift: number, scale: number) => {
    const [found] = await db.query<{ warned: number; failed: number; ks_reject: number; psi_reject: number }>(
      `select
         avg((d.psi >= 0.1 and d.p_value <= 0.001 or ks.statistic >= 0.125 and ks.p_value <= 0.001)::int)::float8 as warned,
         avg((d.psi >= 0.25 and d.p_value <= 0.001 or ks.statistic >= 0.2 and ks.p_value <= 0.001)::int)::float8 as failed,
         avg((ks.p_value <= 0.05)::int)::float8 as ks_reject, avg((d.p_value <= 0.05)::int)::float8 as psi_reject
       from (
         select (json_array_elements($1::json)) as trial
       ) as drawn
       cross join lateral (
         select array(select x::float8 from json_array_elements_text(trial -> 0) as x) as baseline, array(select x::float8 from json_array_elements_text(trial -> 1) as x) as now
       ) as sample
       cross join lateral feature.divergences(array(select counted from feature.bin_counts(baseline, now) as counted)) as d
       cross join lateral feature.ks(baseline, now) as ks`,
      [JSON.stringify(Array.from({ length: trials }, () => [normals(random, 250), normals(random, 100, shift, scale)]))],
    );
    return found ?? { warned: NaN, failed: NaN, ks_reject: NaN, psi_reject: NaN };
  };
  const same = await rates(0, 1);
  t.ok(same.warned <= 0.01, `unshifted: ${same.warned} warn`);
  t.equal(same.failed, 0, "and none fails");
  t.ok(same.ks_reject < 0.09 && same.psi_reject < 0.12, `at 5 %, Kolmogorov-Smirnov rejects ${same.ks_reject}, the index ${same.psi_reject}`);
  const half = await rates(0.75, 1);
  t.ok(half.warned > 0.9 && half.failed > 0.9, `moved by 0.75 deviations: ${half.warned} warn, ${half.failed} fail`);
  const whole = await rates(1, 1);
  t.ok(whole.failed >= 0.99, `moved by a deviation: ${whole.failed} fail`);
  const wide = await rates(0, 2);
  t.ok(wide.failed > 0.85, `twice the deviation: ${wide.failed} fail`);
});

t.test("a profile has the figures of the values", async (t) => {
  const db = await testDatabase(t);
  const bench = await openBench(db);
  await defineSet(db, "profiled", {
    level: "close", mean: "ta.sma(close, 3)", zero: "close - close", gap: "case when close <> 4 then close end", never: "case when close < 0 then 1 end",
  });
  for (const [symbol, closes] of [["AAA", [1, 2, 3, 4, 10]], ["BBB", [2, 2, 2]]] as const) {
    const id = await addInstrument(bench, symbol);
    await addBars(bench, id, closes.map((close, i) => flatBar(dayAfter(i), close)));
    await compute(bench, "profiled", id);
  }
  const profile = await db.query("select * from feature.profile('profiled', null, '2020-01-10')", [], "reader");
  const counts = (name: string) => {
    const row = profile.find(({ feature_name }) => feature_name === name) ?? {};
    return ["row_count", "null_count", "late_null_count", "infinite_count", "zero_count", "distinct_count"].map((key) => Number(row[key]));
  };
  t.same(profile.map(({ feature_name }) => feature_name), ["level", "mean", "zero", "gap", "never"]);
  t.same(counts("level"), [8, 0, 0, 0, 0, 5]);
  t.same(counts("mean"), [8, 4, 0, 0, 0, 3], "two bars of each are warm-up");
  t.same(counts("zero"), [8, 0, 0, 0, 8, 1]);
  t.same(counts("gap"), [8, 1, 1, 0, 0, 4]);
  t.same(counts("never"), [8, 8, 4, 0, 0, 0], "from the third bar on it should have one");
  // numpy 2, scipy 1.17.1: mean, std(ddof=1), scipy.stats.skew, quantile of [1, 2, 3, 4, 10, 2, 2, 2].
  const [level] = profile;
  for (const [name, value] of Object.entries({ mean: 3.25, deviation: 2.866057521105554, skew: 1.873118353943587, minimum: 1.0, p01: 1.07, p05: 1.35, p25: 2.0, median: 2.0, p75: 3.25, p95: 7.899999999999997, p99: 9.579999999999998, maximum: 10.0 })) near(t, level?.[name], value, name);
  t.match(profile[2], { mean: 0, deviation: 0, skew: null, minimum: 0, maximum: 0 }, "without variation there is no skewness");
  t.match(profile[4], { mean: null, deviation: null, skew: null, median: null, first_ts: null, last_ts: null, sessions_behind: null });
  t.match(level, { first_ts: new Date("2020-01-02Z"), last_ts: new Date("2020-01-06Z"), sessions_behind: 4 }, "7 to 10 January 2020");
  t.same((await db.query("select row_count::int as n, null_count::int as nulls, late_null_count::int as late from feature.profile('profiled', $1, $2)", [`${dayAfter(3)}Z`, `${dayAfter(4)}Z`]))[1], { n: 2, nulls: 0, late: 0 }, "a window");
  t.match((await db.query("select row_count::int as n, mean, last_ts from feature.profile('qlib14')"))[0], { n: 0, mean: null, last_ts: null }, "no vectors");
  await db.query("update feature.feature_vector set values = array['Infinity', values[2], 'NaN', values[4], values[5]]::float8[] where ts = $1", [`${dayAfter(0)}Z`]);
  t.same((await db.query("select infinite_count::int as n, minimum, maximum from feature.profile('profiled')")).slice(0, 3), [{ n: 2, minimum: 2, maximum: 10 }, { n: 0, minimum: 2, maximum: 17 / 3 }, { n: 2, minimum: 0, maximum: 0 }]);
  t.match(await db.refused("select feature.profile('nothing')"), { code: "MB003" });
});
