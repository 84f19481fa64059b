import t from "tap";
import { weekdays, world, type World } from "../support.ts";

/** A feature set with a lookback of 2 and the given values, one array per bar; resolves to the instrument. */
async function vectors(w: World, symbol: string, names: string[], values: (number | string | null)[][]): Promise<number> {
  const id = await w.instrument(symbol);
  const dates = weekdays("2020-01-01", values.length);
  await w.bars(id, dates.map((date, i) => ({ date, close: 100 + (i % 2) })));
  const version = await w.db.value<number>(
    `with made as (insert into feature.feature_set (name, description) values (lower($1), 'test') returning feature_set_id)
    insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, lookback, compiled_sql)
    select feature_set_id, '0123456789ab', $2, '{}', 2, '' from made
    returning feature_set_version_id::int`,
    [symbol, names],
  );
  for (const [i, row] of values.entries()) {
    await w.db.query(
      `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
      values ($1, $2, $3::date::timestamp at time zone 'UTC', $4::text[]::float8[], $3::date::timestamp at time zone 'UTC', $5)`,
      [id, version, dates[i], row, w.runId],
    );
  }
  return id;
}

t.test("rules on features", async (t) => {
  const w = await world(t);
  const good = await vectors(w, "GOOD", ["rsi_14", "kmid"], [[null, 0.1], [null, 0.2], [0, -5], [100, 7]]);
  const all = await w.validate(good);
  for (const rule of ["feature_finite", "feature_complete", "feature_in_range"]) t.match(all.get(rule), { status: "passed", checked: 4 }, `${rule} passes, NULL during warm-up included`);

  const infinite = await vectors(w, "INF", ["a", "b"], [[1, 2], ["Infinity", "NaN"], [1, "-Infinity"]]);
  t.match((await w.validate(infinite)).get("feature_finite"), { status: "failed", checked: 3, failed: 2, messages: ["Not finite in inf: a, b.", "Not finite in inf: b."] });

  const missing = await vectors(w, "NUL", ["a", "b"], [[null, null], [null, 1], [null, 1], [1, 1]]);
  t.match((await w.validate(missing)).get("feature_complete"), { failed: 1, dates: ["2020-01-03"], messages: ["No value in nul: a."] }, "NULL at the third bar, which has two before it");

  const range = await vectors(w, "RNG", ["rsi_14", "corr20", "std5", "rsv20", "kmid"], [
    [100.0000000001, 1, 0, 1, 1e9],
    [100.1, 0, 1, 0.5, 0],
    [50, -1.5, -1, 2, 0],
    [null, null, null, null, null],
  ]);
  const outcome = (await w.validate(range)).get("feature_in_range");
  t.match(outcome, { status: "failed", checked: 4, failed: 2, dates: ["2020-01-02", "2020-01-03"] }, "rounding is no violation");
  t.match(outcome?.messages[1], /corr20 = -1\.5, std5 = -1, rsv20 = 2/);

  const technical = await vectors(w, "TECH", ["stoch_k", "willr_14", "adx_14", "mfi_14", "bb_percent_b"], [[0, -100, 0, 100, 7], [100.1, 0.1, -0.1, 101, -7]]);
  t.match((await w.validate(technical)).get("feature_in_range"), {
    failed: 1,
    messages: ["Out of range in tech: stoch_k = 100.1, willr_14 = 0.1, adx_14 = -0.1, mfi_14 = 101."],
  });

  const none = await w.instrument("NONE");
  t.match((await w.validate(none)).get("feature_finite"), { status: "not_applicable" });
});
