import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import type pg from "pg";
import { rows } from "../../database/pool.ts";
import type { Row } from "../benchmark.ts";

/** The values of bars, null where there is none; bars in order of instrument and time. */
type Vectors = (number | null)[][];

/** How far what the others computed is from what is stored: for some instruments, all bars and all values; the largest relative difference. */
export async function differences(admin: pg.ClientBase, ids: readonly number[], parquet: string): Promise<Row[]> {
  const sample = [0, 0.25, 0.5, 0.75, 1].map((share) => ids[Math.round(share * (ids.length - 1))] as number);
  const stored = async (table: string): Promise<Vectors> =>
    (await rows<{ values: (number | null)[] }>(admin, `select values from ${table} where instrument_id = any ($1) order by instrument_id, ts`, [sample])).map(
      (row) => row.values,
    );
  const ours = await stored("feature.feature_vector");
  const found: Row[] = [];
  const node = await stored("bench.node_vector");
  if (node.length > 0) found.push(compare("Node with TA-Lib", ours, node));
  if (existsSync(parquet)) found.push(compare("DuckDB", ours, await readParquet(parquet, sample)));
  return found;
}

async function readParquet(path: string, ids: readonly number[]): Promise<Vectors> {
  const { DuckDBInstance } = createRequire(import.meta.url)("@duckdb/node-api") as typeof import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  try {
    const result = await connection.runAndReadAll(
      `select columns(* exclude (instrument_id, ts)) from '${path}' where instrument_id in (${ids.join(", ")}) order by instrument_id, ts`,
    );
    return result.getRows() as Vectors;
  } finally {
    connection.closeSync();
  }
}

function compare(what: string, ours: Vectors, theirs: Vectors): Row {
  if (ours.length !== theirs.length) throw new Error(`${what} has ${theirs.length} bars where marketbase has ${ours.length}`);
  let values = 0;
  let largest = 0;
  let missing = 0;
  ours.forEach((vector, bar) => {
    vector.forEach((mine, i) => {
      const other = theirs[bar]?.[i] ?? null;
      values += 1;
      if (mine === null || other === null || Number.isNaN(other)) {
        if (!(mine === null && (other === null || Number.isNaN(other)))) missing += 1;
      } else largest = Math.max(largest, Math.abs(mine - other) / Math.max(Math.abs(mine), 1e-3));
    });
  });
  return { what, values, "largest relative difference": largest.toExponential(1), "only one has a value": missing };
}
