import pg from "pg";
import { copyRows } from "../../database/copy.ts";
import { measured } from "./process.ts";
import { FEATURES, loadQlib14 } from "./qlib14.ts";

/** What to read and where to write. */
interface Work {
  readonly url: string;
  readonly table: string;
  readonly longest: number;
}

interface BarRow {
  readonly ts: Date;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * The same features in Node, as they are commonly written: for each instrument a query whose rows become objects, TA-Lib in WebAssembly, and COPY as text
 * into the table. The next instrument is read while one is written.
 */
await measured<Work>(async ({ url, table, longest }) => {
  const [source, target] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  await Promise.all([source.connect(), target.connect()]);
  const compute = await loadQlib14(longest);
  return {
    run: async () => {
      const { rows: instruments } = await source.query<{ id: string }>(
        "select distinct instrument_id::text as id, instrument_id from market.price_data where bar_interval = '1d' order by instrument_id",
      );
      const read = async (index: number) =>
        (
          await source.query<BarRow>(
            "select ts, open, high, low, close, volume from market.price_data where bar_interval = '1d' and instrument_id = $1 order by ts",
            [instruments[index]?.id],
          )
        ).rows;
      let total = 0;
      async function* vectors(): AsyncGenerator<readonly unknown[]> {
        let next = read(0);
        for (const [index, { id }] of instruments.entries()) {
          const bars = await next;
          if (index + 1 < instruments.length) next = read(index + 1);
          const series = (name: Exclude<keyof BarRow, "ts">) => Float64Array.from(bars, (bar) => bar[name]);
          const values = compute({ open: series("open"), high: series("high"), low: series("low"), close: series("close"), volume: series("volume") }, bars.length);
          for (const [i, { ts }] of bars.entries()) {
            yield [id, ts, Array.from(values.subarray(i * FEATURES, (i + 1) * FEATURES), (value) => (Number.isNaN(value) ? null : value))];
          }
          total += bars.length;
        }
      }
      await copyRows(target, `copy ${table} (instrument_id, ts, values) from stdin`, vectors());
      return total;
    },
    close: async () => {
      await Promise.all([source.end(), target.end()]);
    },
  };
});
