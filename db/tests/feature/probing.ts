import type { TestDatabase } from "../support/database.ts";
import { addBars, addInstrument, dayAfter, randomBar, randomNumbers, startRun, type Bench, type Id } from "./fixture.ts";

/** What a probe said, with what it found. */
export interface Probe {
  readonly id: string;
  readonly status: string;
  readonly checked: number;
  readonly failed: number;
  readonly message: string;
  /** Features named by findings, sorted. */
  readonly features: string[];
  readonly reasons: string[];
}

/** Probes a set as the worker does. */
export async function probe(db: TestDatabase, set: string, samples = 12, seed = 1, instrumentIds: Id[] | null = null): Promise<Probe> {
  const [result] = await db.query<Omit<Probe, "features" | "reasons">>(
    `select validation_result_id as id, status, checked_count::int as checked, failed_count::int as failed, message
     from feature.probe($1, $2, $3, $4, $5)`,
    [await startRun(db), set, samples, seed, instrumentIds], "worker",
  );
  if (result === undefined) throw new Error("feature.probe gave no row");
  const [named] = await db.query<{ features: string[]; reasons: string[] }>(
    `select coalesce(array_agg(distinct name order by name), '{}') as features, coalesce(array_agg(distinct observed ->> 'sampled'), '{}') as reasons
     from quality.validation_finding, jsonb_object_keys(observed -> 'features') as name where validation_result_id = $1`,
    [result.id],
  );
  return { ...result, features: named?.features ?? [], reasons: named?.reasons ?? [] };
}

/** Creates a kernel as a careless author would: what its comment says of its reach is not true. */
export async function plantKernel(db: TestDatabase, name: string, signature: string, lookback: string, body: string): Promise<void> {
  await db.query(`
    create function ta.${name}(${signature}) returns double precision[] language plpgsql immutable parallel safe set search_path to pg_catalog, pg_temp as $kernel$
    ${body}
    $kernel$;
    comment on function ta.${name} is E'Planted.\\nlookback: ${lookback}';
    grant execute on function ta.${name} to marketbase_reader`);
}

/** Instruments with random bars; some bars are corrected, removed, and put back later. */
export async function fillMarket(bench: Bench, symbols: readonly string[], bars: number): Promise<Id[]> {
  const random = randomNumbers(7);
  const ids: Id[] = [];
  for (const symbol of symbols) {
    const id = await addInstrument(bench, symbol);
    ids.push(id);
    await addBars(bench, id, Array.from({ length: bars }, (_, i) => randomBar(random, dayAfter(i), 100)));
  }
  for (const [i, known] of [[30, "2020-02-10T12:00:00Z"], [31, "2020-05-01T12:00:00Z"], [90, "2020-04-03T09:00:00Z"], [90, "2020-04-20T09:00:00Z"]] as const) {
    await addBars(bench, ids[0] as Id, [randomBar(random, dayAfter(i), 100, known)]);
  }
  await bench.db.query("delete from market.price_data where instrument_id = $1 and session_date = any ($2)", [ids[1], [dayAfter(50), dayAfter(70)]]);
  await addBars(bench, ids[1] as Id, [randomBar(random, dayAfter(70), 100)]);
  return ids;
}
