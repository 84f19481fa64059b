import type { TestDatabase } from "../support/database.ts";

/** A run, an instrument or a body that a test made. */
export type Id = string;

/** Opens a run for the rows that a test writes. */
export async function startRun(db: TestDatabase): Promise<Id> {
  return db.value<Id>("select pipeline.start_run('test', 'test')");
}

/** Lands a body as a provider of the tests. */
export async function landBody(db: TestDatabase, runId: Id, dataset: string, body: string): Promise<Id> {
  await db.query(`
    insert into ingest.provider (provider, title, priority, terms) values ('test_bench', 'Test bench', 999, 'None.')
    on conflict do nothing`);
  return db.value<Id>(
    `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id)
     select 'test_bench', $2, 'test', 'file:test', 'READ', 200, body, length(body), encode(sha256(body), 'hex'), now(), $1
       from convert_to($3, 'UTF8') as body
     returning raw_response_id`,
    [runId, dataset, body],
  );
}

/** Makes an instrument of the New York Stock Exchange. */
export async function addInstrument(db: TestDatabase, symbol: string): Promise<Id> {
  await db.query(`
    insert into market.exchange (mic, name, time_zone, country) values ('XNYS', 'New York Stock Exchange', 'America/New_York', 'US')
    on conflict do nothing`);
  return db.value<Id>("insert into market.instrument (symbol) values ($1) returning instrument_id", [symbol]);
}

/** A daily bar; what is not given is made from the close. */
export interface Bar {
  readonly date: string;
  readonly close: number;
  readonly adjustedClose?: number;
}

/** Stores daily bars, first known at 21:00 UTC of their day. */
export async function addBars(db: TestDatabase, runId: Id, instrumentId: Id, bars: readonly Bar[]): Promise<void> {
  const body = await landBody(db, runId, "bars", `bars of ${instrumentId}`);
  await db.query(
    `insert into market.price_data (
       instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close, known_from, provider, raw_response_id, run_id
     )
     select
       $1, session_date::timestamp at time zone 'UTC', session_date, close, close, close, close, 1000, adjusted_close,
       (session_date + time '21:00') at time zone 'UTC', 'test_bench', $3, $4
     from unnest($2::date[], $5::double precision[], $6::double precision[]) as bar (session_date, close, adjusted_close)`,
    [instrumentId, bars.map((bar) => bar.date), body, runId, bars.map((bar) => bar.close), bars.map((bar) => bar.adjustedClose ?? null)],
  );
}

/** Makes a feature set with one current version and returns the identity of the version. */
export async function addFeatureSet(db: TestDatabase, name: string, features: readonly string[], version = "000000000001"): Promise<Id> {
  await db.query("insert into feature.feature_set (name, description) values ($1, 'For a test.') on conflict do nothing", [name]);
  await db.query("update feature.feature_set_version set is_current = false from feature.feature_set using_set where using_set.feature_set_id = feature_set_version.feature_set_id and using_set.name = $1", [name]);
  return db.value<Id>(
    `insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql)
     select feature_set_id, $2, $3, '{}', 'select' from feature.feature_set where name = $1
     returning feature_set_version_id`,
    [name, version, features],
  );
}

/** Stores the first revision of feature vectors, known when their bar was. */
export async function addVectors(
  db: TestDatabase, runId: Id, instrumentId: Id, versionId: Id, vectors: readonly { readonly date: string; readonly values: readonly (number | null)[] }[],
): Promise<void> {
  await db.query(
    `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
     select $1, $2, (vector ->> 'date')::timestamp at time zone 'UTC',
       array(select value::double precision from jsonb_array_elements_text(vector -> 'values') with ordinality as element (value, position) order by position),
       ((vector ->> 'date')::date + time '21:00') at time zone 'UTC', $4
     from jsonb_array_elements($3) as vector`,
    [instrumentId, versionId, JSON.stringify(vectors), runId],
  );
}

/** Weekdays from a date on, as ISO dates. */
export function weekdays(from: string, count: number): string[] {
  const dates: string[] = [];
  for (const day = new Date(`${from}T00:00:00Z`); dates.length < count; day.setUTCDate(day.getUTCDate() + 1)) {
    if (day.getUTCDay() % 6 !== 0) dates.push(day.toISOString().slice(0, 10));
  }
  return dates;
}

/** Numbers that look random and are the same in each run: a linear congruential generator, as standard normal by Box and Muller. */
export function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return (state + 0.5) / 4_294_967_296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
