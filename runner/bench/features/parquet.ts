import { open } from "node:fs/promises";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { Bars } from "./bars.ts";

/** Instruments whose bars stand in one row group: about as many rows as DuckDB itself puts into one. */
const GROUP = 36;

/** Writes the bars of instruments to a Parquet file, as DuckDB reads it best: ordered, compressed by Snappy. */
export async function writeBars(path: string, ids: readonly number[], barsOf: (index: number) => Bars): Promise<void> {
  const file = await open(path, "wx");
  try {
    const writer = new ByteWriter(1 << 20);
    const flush = async () => {
      await file.writeFile(writer.getBytes());
      writer.index = 0;
    };
    const columns = ["open", "high", "low", "close", "volume"] as const;
    const parquet = new ParquetWriter({
      // A writer of bytes that empties itself into the file after each row group.
      writer: Object.assign(writer, { flush, finish: flush }),
      schema: [
        { name: "root", num_children: 2 + columns.length },
        { name: "instrument_id", type: "INT64", repetition_type: "REQUIRED" },
        {
          name: "ts", type: "INT64", repetition_type: "REQUIRED", converted_type: "TIMESTAMP_MILLIS",
          logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
        },
        ...columns.map((name) => ({ name, type: "DOUBLE" as const, repetition_type: "REQUIRED" as const })),
      ],
      createdBy: "marketbase",
    });
    for (let first = 0; first < ids.length; first += GROUP) {
      const group = ids.slice(first, first + GROUP).map((id, i) => ({ id: BigInt(id), bars: barsOf(first + i) }));
      await parquet.write({
        columnData: [
          { name: "instrument_id", data: group.flatMap(({ id, bars }) => new Array<bigint>(bars.ts.length).fill(id)) },
          { name: "ts", data: group.flatMap(({ bars }) => Array.from(bars.ts, (ts) => BigInt(ts))) },
          ...columns.map((name) => ({ name, data: group.flatMap(({ bars }) => Array.from(bars[name])) })),
        ],
        rowGroupSize: group.reduce((sum, { bars }) => sum + bars.ts.length, 0),
      });
    }
    await parquet.finish();
  } finally {
    await file.close();
  }
}
