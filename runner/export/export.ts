import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { to as copyTo } from "pg-copy-streams";
import { connect } from "../database/connect.ts";
import { binaryRows } from "./binary-rows.ts";
import { writeNewFile } from "./new-file.ts";
import { writeParquet } from "./parquet.ts";

/** How rows are written. */
export type Format = "csv" | "binary" | "parquet";

export const formats: readonly Format[] = ["csv", "binary", "parquet"];

/** What is exported. */
export interface Export {
  /** A connection that may read it. */
  readonly url: string;
  /** The SQL that gives the text of the query, and its values. */
  readonly query: { readonly sql: string; readonly values: readonly unknown[] };
  readonly format: Format;
  readonly path: string;
  /** Replace a file that is there. */
  readonly replace: boolean;
  readonly signal: AbortSignal;
  /** How many rows there will be. */
  onTotal(rows: number): void;
  /** Further rows were written. */
  onRows(rows: number): void;
}

/** Writes the rows of a query into a file, as they are in one snapshot; gives their number. */
export async function exportRows({ url, query, format, path, replace, signal, onTotal, onRows }: Export): Promise<number> {
  return await writeNewFile(path, replace, async (file) => {
    const client = await connect(url, "marketbase export");
    try {
      await client.query("begin isolation level repeatable read read only");
      await client.query("set local timezone to 'UTC'; set local datestyle to 'ISO'; set local extra_float_digits to 1");
      const text = Object.values((await client.query<Record<string, string>>(query.sql, [...query.values])).rows[0] ?? {})[0] ?? "";
      const total = Number((await client.query<{ count: string }>(`select count(*) from (${text}) as exported`)).rows[0]?.count);
      onTotal(total);
      const { fields } = await client.query(`select * from (${text}) as exported limit 0`);
      signal.throwIfAborted();

      const source = client.query(copyTo(`copy (${text}) to stdout with (${format === "csv" ? "format csv, header" : "format binary"})`));
      await pipeline(
        source,
        async (pieces: AsyncIterable<Buffer>) => {
          if (format === "parquet") await writeParquet(file, fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })), pieces, onRows);
          else if (format === "csv") await writeLines(file, pieces, onRows);
          else await writeBinary(file, pieces, onRows);
        },
        { signal },
      );
      await client.query("commit");
      return total;
    } finally {
      // Also in the middle of a COPY: the server notices that nobody reads any more.
      await client.end().catch(() => undefined);
    }
  });
}

async function writeLines(file: FileHandle, pieces: AsyncIterable<Buffer>, onRows: (rows: number) => void): Promise<void> {
  let lines = -1;
  for await (const piece of pieces) {
    await file.writeFile(piece);
    for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines += 1;
    onRows(Math.max(0, lines));
    lines = Math.min(0, lines);
  }
}

async function writeBinary(file: FileHandle, pieces: AsyncIterable<Buffer>, onRows: (rows: number) => void): Promise<void> {
  async function* written() {
    for await (const piece of pieces) {
      await file.writeFile(piece);
      yield piece;
    }
  }
  for await (const rows of binaryRows(written())) {
    let count = 0;
    for (const _ of rows) count += 1;
    onRows(count);
  }
}
