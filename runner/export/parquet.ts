import type { FileHandle } from "node:fs/promises";
import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import { binaryRows } from "./binary-rows.ts";

/** A column of the result of a query. */
export interface Column {
  readonly name: string;
  /** The OID of its type. */
  readonly type: number;
}

interface ColumnType {
  /** How Parquet calls it. */
  readonly schema: Omit<SchemaElement, "name">;
  /** The value of a field in COPY's binary format. */
  read(field: Buffer): unknown;
}

const epoch2000 = 946_684_800_000_000n;
const infinities = [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n];

const timestamp: ColumnType = {
  schema: { type: "INT64", converted_type: "TIMESTAMP_MICROS", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" } },
  read: (field) => {
    const microseconds = field.readBigInt64BE(0);
    return infinities.includes(microseconds) ? null : microseconds + epoch2000;
  },
};
const types: Readonly<Record<number, ColumnType>> = {
  16: { schema: { type: "BOOLEAN" }, read: (field) => field[0] === 1 },
  20: { schema: { type: "INT64" }, read: (field) => field.readBigInt64BE(0) },
  23: { schema: { type: "INT32" }, read: (field) => field.readInt32BE(0) },
  25: { schema: { type: "BYTE_ARRAY", converted_type: "UTF8" }, read: (field) => field.toString("utf8") },
  701: { schema: { type: "DOUBLE" }, read: (field) => field.readDoubleBE(0) },
  1184: timestamp,
};

/** How many values are held at once: a row group has fewer rows the more columns there are. */
const valuesHeld = 500_000;

/** Writes rows that come in COPY's binary format as Parquet, one row group at a time. */
export async function writeParquet(file: FileHandle, columns: readonly Column[], pieces: AsyncIterable<Buffer>, onRows: (rows: number) => void): Promise<void> {
  const kinds = columns.map(({ name, type }) => {
    const kind = types[type];
    if (kind === undefined) throw new Error(`column ${name} has type ${type}, for which there is no Parquet type here`);
    return kind;
  });
  const writer = new ByteWriter(1 << 20);
  const flush = async () => {
    await file.writeFile(writer.getBytes());
    writer.index = 0;
  };
  const parquet = new ParquetWriter({
    // A writer of bytes that empties itself into the file after each row group.
    writer: Object.assign(writer, { flush, finish: flush }),
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name }, i) => ({ name, repetition_type: "OPTIONAL" as const, ...(kinds[i] as ColumnType).schema })),
    ],
    createdBy: "marketbase",
  });
  const groupRows = Math.max(1_000, Math.min(100_000, Math.floor(valuesHeld / columns.length)));
  const values: unknown[][] = columns.map(() => []);
  const writeGroup = async () => {
    const rows = values[0]?.length ?? 0;
    if (rows === 0) return;
    await parquet.write({ columnData: columns.map(({ name }, i) => ({ name, data: values[i] as unknown[] })), rowGroupSize: rows });
    for (const list of values) list.length = 0;
    onRows(rows);
  };
  for await (const rows of binaryRows(pieces)) {
    for (const row of rows) {
      for (let i = 0; i < columns.length; i++) {
        const field = row[i] as Buffer | null;
        (values[i] as unknown[]).push(field === null ? null : (kinds[i] as ColumnType).read(field));
      }
      if ((values[0] as unknown[]).length >= groupRows) await writeGroup();
    }
  }
  await writeGroup();
  await parquet.finish();
}
