import { once } from "node:events";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { copyHeader, copyTrailer, readTime, rowWriter } from "./binary-copy.ts";
import { measured } from "./process.ts";
import { FEATURES, loadQlib14, type Columns } from "./qlib14.ts";

/** What to read and where to write. */
interface Work {
  readonly url: string;
  readonly table: string;
  readonly longest: number;
}

/** A row as COPY sends it: a count of fields, and seven fields of eight bytes, each behind its length. */
const ROW = 2 + 7 * 12;
const CHUNK = 1_048_576;
/** More than a row that is written takes. */
const WRITTEN = 512;

/**
 * The same features in Node, as fast as Node can: bars arrive by COPY in binary on one connection, are computed by TA-Lib in WebAssembly on typed arrays
 * that are used again, and leave by COPY in binary on another connection, while the next ones arrive.
 */
await measured<Work>(async ({ url, table, longest }) => {
  const [source, target] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  await Promise.all([source.connect(), target.connect()]);
  const compute = await loadQlib14(longest);
  const column = () => new Float64Array(longest);
  const bars: Columns & { ts: Float64Array } = { ts: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
  return {
    run: async () => {
      const writing = target.query(copyFrom(`copy ${table} (instrument_id, ts, values) from stdin (format binary)`));
      const reading = source.query(
        copyTo(
          `copy (
             select instrument_id, ts, open, high, low, close, volume from market.price_data where bar_interval = '1d' order by instrument_id, ts
           ) to stdout (format binary)`,
        ),
      );
      const writer = rowWriter(CHUNK + WRITTEN);
      const send = async (chunk: Buffer) => {
        if (!writing.write(chunk)) await once(writing, "drain");
      };
      let count = 0;
      let total = 0;
      let instrument = -1;
      const finish = async () => {
        const values = compute(bars, count);
        for (let i = 0; i < count; i++) {
          writer.row(3);
          writer.bigint(instrument);
          writer.time(bars.ts[i] as number);
          writer.doubles(values, i * FEATURES, FEATURES);
          if (writer.used() >= CHUNK) await send(writer.take());
        }
        total += count;
        count = 0;
      };
      writing.write(copyHeader);
      let rest: Buffer = Buffer.alloc(0);
      let skip = copyHeader.length;
      for await (const piece of reading as AsyncIterable<Buffer>) {
        const buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
        let at = Math.min(skip, buffer.length);
        skip -= at;
        for (; at + ROW <= buffer.length && buffer.readInt16BE(at) !== -1; at += ROW) {
          const id = buffer.readInt32BE(at + 6) * 4_294_967_296 + buffer.readUInt32BE(at + 10);
          if (id !== instrument) {
            if (count > 0) await finish();
            instrument = id;
          }
          bars.ts[count] = readTime(buffer, at + 18);
          bars.open[count] = buffer.readDoubleBE(at + 30);
          bars.high[count] = buffer.readDoubleBE(at + 42);
          bars.low[count] = buffer.readDoubleBE(at + 54);
          bars.close[count] = buffer.readDoubleBE(at + 66);
          bars.volume[count] = buffer.readDoubleBE(at + 78);
          count += 1;
        }
        rest = buffer.subarray(at);
      }
      if (count > 0) await finish();
      await send(writer.take());
      writing.end(copyTrailer);
      await once(writing, "finish");
      return total;
    },
    close: async () => {
      await Promise.all([source.end(), target.end()]);
    },
  };
});
