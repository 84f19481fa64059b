import type { TestDatabase } from "../support/database.ts";

/** A run, an instrument or a body that a test made. */
export type Id = string;

/** A daily bar. */
export interface Bar {
  readonly date: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** When it was known; 21:00 UTC of its day where it is not said. */
  readonly knownFrom?: string;
}

/** What a test of features works with. */
export interface Bench {
  readonly db: TestDatabase;
  readonly runId: Id;
  readonly bodyId: Id;
}

/** Opens a run and lands a body, so that bars can be stored. */
export async function openBench(db: TestDatabase): Promise<Bench> {
  const runId = await startRun(db);
  await db.query("insert into ingest.provider (provider, title, priority, terms) values ('test_bench', 'Test bench', 999, 'None.')");
  const bodyId = await db.value<Id>(
    `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id)
     select 'test_bench', 'bars', 'test', 'file:test', 'READ', 200, body, length(body), encode(sha256(body), 'hex'), now(), $1
     from convert_to('bars', 'UTF8') as body
     returning raw_response_id`,
    [runId],
  );
  return { db, runId, bodyId };
}

/** Starts a run. */
export async function startRun(db: TestDatabase): Promise<Id> {
  return db.value<Id>("select pipeline.start_run('test', 'test')");
}

/** Makes an instrument. */
export async function addInstrument({ db }: Bench, symbol: string): Promise<Id> {
  return db.value<Id>("insert into market.instrument (symbol, mic) values ($1, 'XNYS') returning instrument_id", [symbol]);
}

/** Stores bars; a bar that is there is corrected. */
export async function addBars({ db, runId, bodyId }: Bench, instrumentId: Id, bars: readonly Bar[]): Promise<void> {
  await db.query(
    `insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, day::timestamp at time zone 'UTC', day, open, high, low, close, volume,
       coalesce(known_from, (day + time '21:00') at time zone 'UTC'), 'test_bench', $2, $3
     from unnest(
       $4::date[], $5::double precision[], $6::double precision[], $7::double precision[], $8::double precision[], $9::double precision[], $10::timestamptz[]
     ) as bar (day, open, high, low, close, volume, known_from)
     on conflict (instrument_id, bar_interval, ts) do update
     set open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume, known_from = excluded.known_from`,
    [
      instrumentId, bodyId, runId,
      bars.map((bar) => bar.date), bars.map((bar) => bar.open), bars.map((bar) => bar.high), bars.map((bar) => bar.low),
      bars.map((bar) => bar.close), bars.map((bar) => bar.volume), bars.map((bar) => bar.knownFrom ?? null),
    ],
  );
}

/** A bar whose four prices are its close. */
export function flatBar(date: string, close: number, knownFrom?: string): Bar {
  return { date, open: close, high: close, low: close, close, volume: 1000, ...(knownFrom === undefined ? {} : { knownFrom }) };
}

/** Defines a set from pairs of name and expression. */
export async function defineSet(db: TestDatabase, name: string, features: Readonly<Record<string, string>>): Promise<{ id: Id; version: string; lookback: number | null }> {
  const [made] = await db.query<{ id: Id; version: string; lookback: number | null }>(
    `select feature_set_version_id as id, version, lookback
     from feature.define_set($1, 'For a test.', array(
       select row(name, expression, 'Feature ' || name)::feature.definition
       from unnest($2::text[], $3::text[]) with ordinality as definition (name, expression, position)
       order by position
     ))`,
    [name, Object.keys(features), Object.values(features)],
  );
  if (made === undefined) throw new Error("define_set gave no row");
  return made;
}

/** Computes a set for an instrument; gives the number of vectors that changed. */
export async function compute({ db }: Bench, set: string, instrumentId: Id, fromTs: string | null = null): Promise<number> {
  const run = await startRun(db);
  return Number(await db.value("select rows_changed from feature.compute($1, $2, array[$3::bigint], array[$4::timestamptz])", [run, set, instrumentId, fromTs], "worker"));
}

/** Numbers between 0 and 1 that are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The date that lies some days after 2 January 2020. */
export function dayAfter(days: number): string {
  return new Date(Date.UTC(2020, 0, 2 + days)).toISOString().slice(0, 10);
}

/** A random bar near a price. */
export function randomBar(random: () => number, date: string, price: number, knownFrom?: string): Bar {
  const open = price * (1 + (random() - 0.5) * 0.02);
  const close = price * (1 + (random() - 0.5) * 0.02);
  const high = Math.max(open, close) * (1 + random() * 0.01);
  const low = Math.min(open, close) * (1 - random() * 0.01);
  return { date, open, high, low, close, volume: Math.floor(random() * 1e6), ...(knownFrom === undefined ? {} : { knownFrom }) };
}
