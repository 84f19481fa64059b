import pg from "pg";
import { copyRows } from "../../database/copy.ts";
import { measured } from "./process.ts";
import { FEATURES, loadQlib14 } from "./qlib14.ts";

/** What to read and where to write. */
interface Work {
  readonly url: string;
  readonly table: string;
  readonly longest: number;
  /** Reads the next instrument while one is written; else one thing after the other. */
  readonly ahead: boolean;
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
 * into the table, all in one transaction.
 */
await measured<Work>(async ({ url, table, longest, ahead }) => {
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
      function* vectors(id: string, bars: readonly BarRow[]): Generator<readonly unknown[]> {
        const series = (name: Exclude<keyof BarRow, "ts">) => Float64Array.from(bars, (bar) => bar[name]);
        const values = compute({ open: series("open"), high: series("high"), low: series("low"), close: series("close"), volume: series("volume") }, bars.length);
        for (const [i, { ts }] of bars.entries()) {
          yield [id, ts, Array.from(values.subarray(i * FEATURES, (i + 1) * FEATURES), (value) => (Number.isNaN(value) ? null : value))];
        }
        total += bars.length;
      }
      const copy = `copy ${table} (instrument_id, ts, values) from stdin`;
      await target.query("begin");
      if (ahead) {
        const all = async function* () {
          let next = read(0);
          for (const [index, { id }] of instruments.entries()) {
            const bars = await next;
            if (index + 1 < instruments.length) next = read(index + 1);
            yield* vectors(id, bars);
          }
        };
        await copyRows(target, copy, all());
      } else {
        for (const [index, { id }] of instruments.entries()) await copyRows(target, copy, vectors(id, await read(index)));
      }
      await target.query("commit");
      return total;
    },
    close: async () => {
      await Promise.all([source.end(), target.end()]);
    },
  };
});
