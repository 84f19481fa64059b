import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { rows, value } from "../../database/pool.ts";
import type { Bars } from "./bars.ts";
import { copyHeader, copyTrailer, rowWriter } from "./binary-copy.ts";

/** An instrument and its bars. */
export interface Series {
  readonly symbol: string;
  readonly bars: Bars;
}

/** How long after the start of a daily bar it is known. */
const SESSION = 21 * 3_600_000;
const MINUTE = 60_000;
const CHUNK = 1_048_576;
/** More than a row takes. */
const ROW = 256;

/**
 * Stores the bars of `symbols` as ingesting would have left them, but in bulk: no trigger fires and no reference is checked, so nothing is marked as
 * changed and the instruments have to be computed because they have no vectors. `admin` is a connection of the administrator.
 * Gives the identities of the instruments.
 */
export async function loadBars(
  admin: pg.ClientBase,
  interval: "1d" | "1m",
  symbols: readonly string[],
  barsOf: (index: number) => Bars,
  onBars: (bars: number) => void = () => undefined,
): Promise<number[]> {
  const runId = Number(await value<string>(admin, "select pipeline.start_run('bench', 'bench')::text"));
  await admin.query("insert into ingest.provider (provider, title, priority, terms) values ('bench', 'Benchmark', 32000, 'Made up.') on conflict do nothing");
  const bodyId = Number(
    await value<string>(
      admin,
      `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id)
       select 'bench', 'bars', 'bench', 'file:bench', 'READ', 200, body, length(body), encode(sha256(body), 'hex'), now(), $1
       from convert_to('bars', 'UTF8') as body
       returning raw_response_id::text`,
      [runId],
    ),
  );
  const made = await rows<{ id: string }>(
    admin,
    `insert into market.instrument (symbol, mic)
     select symbol, 'XNYS' from unnest($1::text[]) with ordinality as given (symbol, position) order by position
     returning instrument_id::text as id`,
    [symbols],
  );
  const ids = made.map(({ id }) => Number(id));
  const provider = Buffer.from("bench");
  const length = Buffer.from(interval);

  function* encode(): Generator<Buffer> {
    yield copyHeader;
    const writer = rowWriter(CHUNK + ROW);
    for (const [index, id] of ids.entries()) {
      const { ts, open, high, low, close, volume } = barsOf(index);
      for (let i = 0; i < ts.length; i++) {
        const begin = ts[i] as number;
        writer.row(13);
        writer.bigint(id);
        writer.text(length);
        writer.time(begin);
        writer.date(begin);
        writer.double(open[i] as number);
        writer.double(high[i] as number);
        writer.double(low[i] as number);
        writer.double(close[i] as number);
        writer.double(volume[i] as number);
        writer.time(begin + (interval === "1d" ? SESSION : MINUTE));
        writer.text(provider);
        writer.bigint(bodyId);
        writer.bigint(runId);
        if (writer.used() >= CHUNK) yield writer.take();
      }
      onBars(ts.length);
    }
    yield writer.take();
    yield copyTrailer;
  }

  await admin.query("set session_replication_role to replica");
  try {
    const target = admin.query(
      copyFrom(
        `copy market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
         from stdin (format binary)`,
      ),
    );
    await pipeline(Readable.from(encode(), { objectMode: false }), target);
  } finally {
    await admin.query("reset session_replication_role");
  }
  return ids;
}

/** Throws away what was computed, lineage too, which is append-only for everybody else; the tables are as new. */
export async function emptyVectors(admin: pg.ClientBase): Promise<void> {
  await admin.query("set session_replication_role to replica");
  await admin.query("truncate feature.feature_vector, lineage.data_lineage, feature.computation_task, pipeline.stale_range");
  await admin.query("reset session_replication_role");
}
