import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type pg from "pg";
import { repositoryRoot } from "../../config/config.ts";
import { one, value } from "../../database/pool.ts";
import type { BenchmarkContext, Row } from "../benchmark.ts";
import { median } from "../machine.ts";
import { randomBars, type Bars } from "./bars.ts";
import { emptyVectors, loadBars, type Series } from "./load.ts";

/** Five years of the S&P 500, where that file lies beside the checkout. */
const file = join(repositoryRoot, "../shared/data/prices/sp500_5yr.csv.gz");
const SYMBOLS = 505;
const BARS_EACH = 1_226;
/** As many bytes of vectors as a piece of work has, see pipeline.plan_features. */
const PIECE = 20_000_000;

/** µs per value of alpha158, computed and stored by one worker; or why there is none. */
export async function alpha158({ progress, scale, rounds }: BenchmarkContext, admin: pg.ClientBase, worker: pg.Pool): Promise<Row[] | string> {
  if (!(await value<boolean>(admin, "select exists (select from feature.feature_set where name = 'alpha158')"))) {
    return "alpha158 is left out: the set is not defined.";
  }
  const symbols = Math.max(2, Math.round(SYMBOLS * scale));
  const real = existsSync(file);
  const series = (real ? readSeries(file) : Array.from({ length: SYMBOLS }, (_, i) => ({ symbol: `ALPHA${i + 1}`, bars: randomBars(10_000 + i, BARS_EACH) }))).slice(0, symbols);
  const bars = series.reduce((sum, one) => sum + one.bars.ts.length, 0);
  const ids = await progress.run("bars for alpha158", () => loadBars(admin, "1d", series.map(({ symbol }) => symbol), (i) => (series[i] as Series).bars));
  await admin.query("analyze market.price_data");
  const { features } = await one<{ features: number }>(admin, "select cardinality(feature_names) as features from feature.current_set('alpha158')");
  const size = Math.max(1, Math.round(PIECE / (100 + 8 * features) / (bars / ids.length)));
  const seconds: number[] = [];
  await progress.run("alpha158", async (step) => {
    step.total(bars * rounds);
    for (let round = 0; round < rounds; round++) {
      await emptyVectors(admin);
      const runId = await value<string>(worker, "select pipeline.start_run('features', 'features')::text");
      const begun = performance.now();
      for (let first = 0; first < ids.length; first += size) {
        const piece = ids.slice(first, first + size);
        const nulls = piece.map(() => null);
        await worker.query("select feature.compute($1, 'alpha158', $2, $3, $4)", [runId, piece, nulls, nulls]);
        step.advance(series.slice(first, first + size).reduce((sum, one) => sum + one.bars.ts.length, 0));
      }
      seconds.push((performance.now() - begun) / 1_000);
    }
  });
  const middle = median(seconds);
  return [
    {
      bars: real ? "S&P 500, five years" : "generated", symbols: ids.length, "number of bars": bars, values: bars * features, seconds: Number(middle.toFixed(2)),
      "µs a value": Number(((middle / (bars * features)) * 1e6).toFixed(3)), "qlib (published), µs a value": 0.28,
    },
  ];
}

/** Reads date,open,high,low,close,volume,Name; bars that lack a price or contradict themselves are left out. */
function readSeries(path: string): Series[] {
  const bySymbol = new Map<string, number[][]>();
  for (const line of gunzipSync(readFileSync(path)).toString("latin1").split("\n").slice(1)) {
    const [date = "", ...fields] = line.trim().split(",");
    const symbol = fields[5] ?? "";
    const [open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = fields.slice(0, 5).map((text) => (text === "" ? NaN : Number(text)));
    if (!(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close) && volume >= 0)) continue;
    const bar = [Date.parse(`${date}T00:00:00Z`), open, high, low, close, volume];
    const bars = bySymbol.get(symbol);
    if (bars === undefined) bySymbol.set(symbol, [bar]);
    else bars.push(bar);
  }
  return [...bySymbol].map(([symbol, bars]) => ({ symbol, bars: columnsOf(bars.toSorted((a, b) => (a[0] as number) - (b[0] as number))) }));
}

function columnsOf(bars: readonly number[][]): Bars {
  const column = (place: number) => Float64Array.from(bars, (bar) => bar[place] as number);
  return { ts: column(0), open: column(1), high: column(2), low: column(3), close: column(4), volume: column(5) };
}
