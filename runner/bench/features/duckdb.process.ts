import { DuckDBInstance } from "@duckdb/node-api";
import { measured } from "./process.ts";

/** What to read and where to write. */
interface Work {
  readonly source: string;
  readonly target: string;
  readonly threads: number;
}

/** qlib14 in DuckDB's SQL: the same windows over the same bars. */
const query = (source: string) => `
  select
    instrument_id, ts,
    (close - open) / open as kmid,
    (high - low) / open as klen,
    lag(close, 5) over bars / close as roc5,
    lag(close, 20) over bars / close as roc20,
    avg(close) over five / close as ma5,
    avg(close) over twenty / close as ma20,
    stddev_samp(close) over five / close as std5,
    stddev_samp(close) over twenty / close as std20,
    max(high) over twenty / close as max20,
    min(low) over twenty / close as min20,
    (close - min(low) over twenty) / (max(high) over twenty - min(low) over twenty + 1e-12) as rsv20,
    corr(close, ln(volume + 1)) over twenty as corr20,
    avg(volume) over twenty / (volume + 1e-12) as vma20,
    stddev_samp(volume) over twenty / (volume + 1e-12) as vstd20
  from '${source}'
  window
    bars as (partition by instrument_id order by ts),
    five as (partition by instrument_id order by ts rows 4 preceding),
    twenty as (partition by instrument_id order by ts rows 19 preceding)`;

/** The same features by DuckDB, from a Parquet file into a Parquet file. */
await measured<Work>(async ({ source, target, threads }) => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: String(threads) })).connect();
  return {
    run: async () => Number((await connection.runAndReadAll(`copy (${query(source)}) to '${target}' (format parquet)`)).getRows()[0]?.[0]),
    close: async () => connection.closeSync(),
  };
});
