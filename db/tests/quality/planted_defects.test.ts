import { dirname } from "node:path";
import t from "tap";
import { judgePlanted } from "../../../runner/bench/defects/planted.ts";
import { countsOf, shares } from "../../../runner/bench/defects/tables.ts";
import { shared, testDatabase } from "../support/database.ts";

t.test("a defect of each kind in files that were served clean is found, and nothing else", async (t) => {
  const folder = shared(t, "defects");
  if (folder === undefined) return;
  const db = await testDatabase(t);
  const { clean, planted } = await judgePlanted(db.owner, dirname(folder), { series: 0, defects: 1, halves: ["held out"] });
  t.ok(new Set(planted.map(({ kind }) => kind)).size >= 28, "kinds of defect");
  const counts = countsOf(planted);
  const missed = planted.flatMap(({ kind, series, rows }) => rows.filter(({ rules }) => rules.length === 0).map(({ date }) => `${kind.name}, ${series.symbol} ${date}`));
  t.ok((shares(counts).recall ?? 0) >= 0.83, `recall ${counts.found} of ${counts.wrong}; missed: ${missed.join("; ")}`);
  t.ok((shares(counts).precision ?? 0) >= 0.95, `${counts.falseAlarms} false alarms`);
  // The one event among them: a Monday of March 2020.
  t.same(clean.flatMap(({ series, alarms }) => alarms.map(({ date, rule }) => `${series.symbol} ${date} ${rule}`)), ["PM 2020-03-16 price_return_outlier"]);
});
