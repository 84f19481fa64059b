import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, dayAfter, openBench, randomBar, randomNumbers, type Bar } from "./fixture.ts";

t.test("alpha360 shows the last 60 bars relative to the latest close and volume", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const names = await bench.db.value<string[]>("select feature_names from feature.version_of('alpha360')");
  const expectedNames = ["close", "open", "high", "low", "vwap", "volume"].flatMap((part) => Array.from({ length: 60 }, (_, age) => `${part}${59 - age}`));
  t.same(names, expectedNames, "the 360 features of qlib, in its order: CLOSE59 to CLOSE0, then OPEN, HIGH, LOW, VWAP, VOLUME");

  const random = randomNumbers(360);
  const bars = Array.from({ length: 80 }, (_, day) => randomBar(random, dayAfter(day), 100));
  const instrumentId = await addInstrument(bench, "ALPHA");
  await addBars(bench, instrumentId, bars);
  t.equal(await compute(bench, "alpha360", instrumentId), bars.length, "a vector for each bar");
  const vectors = (await bench.db.query<{ values: (number | null)[] }>("select values from feature.feature_vector where instrument_id = $1 and cardinality(values) = 360 order by ts", [instrumentId]))
    .map((row) => row.values);

  const part: Readonly<Record<string, (bar: Bar) => number>> = {
    close: (bar) => bar.close, open: (bar) => bar.open, high: (bar) => bar.high, low: (bar) => bar.low, vwap: (bar) => (bar.high + bar.low + bar.close) / 3, volume: (bar) => bar.volume,
  };
  const expected = bars.map((latest, day) => expectedNames.map((name) => {
    const [, which, age] = /^(\w+?)(\d+)$/.exec(name) as unknown as [string, string, string];
    const bar = bars[day - Number(age)];
    return bar === undefined ? null : part[which]!(bar) / (which === "volume" ? latest.volume + 1e-12 : latest.close);
  }));
  t.strictSame(vectors, expected);
});
