import type pg from "pg";
import { one, rows, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";

/** Which bodies are read again. */
export interface ReplayFilter {
  readonly provider: string | undefined;
  readonly dataset: string | undefined;
  readonly symbols: readonly string[];
  /** Also those that the same version of the normaliser has read. */
  readonly all: boolean;
}

/** A body to be read again. */
export interface ReplayBody extends Record<string, unknown> {
  readonly raw_response_id: number;
  readonly provider: string;
  readonly dataset: string;
  readonly subject: string;
  readonly outcome: string;
}

/** A value of a bar that is another one afterwards; null where there is no such bar. */
export interface BarChange extends Record<string, unknown> {
  readonly symbol: string;
  readonly ts: string;
  readonly field: string;
  readonly old_value: number | null;
  readonly new_value: number | null;
}

/** What reading a body again changes. */
export interface ReplayOutcome {
  readonly body: ReplayBody;
  readonly outcome: string;
  readonly newRows: number;
  readonly newVersions: number;
  /** Bars that it no longer holds. */
  readonly withdrawn: number;
  readonly quarantined: number;
  readonly message: string | null;
}

/** What reading all of them again changes, taken together. */
export interface Replay {
  readonly outcomes: readonly ReplayOutcome[];
  /** Bars that there were not, that are others, and that are gone. */
  readonly bars: { readonly added: number; readonly changed: number; readonly gone: number };
  /** The first values that change. */
  readonly changes: readonly BarChange[];
}

/** The bodies in the order in which they came, so that their versions come in order. */
export async function bodiesToReplay(pool: pg.Pool, { provider, dataset, symbols, all }: ReplayFilter): Promise<ReplayBody[]> {
  return await rows<ReplayBody>(
    pool,
    `select raw_response_id::float8, provider, dataset, subject, outcome
     from pipeline.replayable_response
     where ($1::text is null or provider = $1) and ($2::text is null or dataset = $2) and (cardinality($3::text[]) = 0 or subject = any ($3))
       and would_be_read_by is not null and ($4 or read_by <> would_be_read_by)
     order by fetched_at, raw_response_id`,
    [provider ?? null, dataset ?? null, symbols, all],
  );
}

/** Each bar that was touched in this transaction, as it was before and as it is now. */
const touchedBars = `
  before as (
    select distinct on (instrument_id, bar_interval, ts) *
    from market.price_data_history
    where closed_at = now()
    order by instrument_id, bar_interval, ts, version
  ), bar as (
    select
      instrument_id, bar_interval, ts, before.version is null as is_added, after.version is null as is_gone,
      array[before.open, before.high, before.low, before.close, before.volume, before.adjusted_close] as old_values,
      array[after.open, after.high, after.low, after.close, after.volume, after.adjusted_close] as new_values
    from before
    full join (
      select * from market.price_data where run_id = any ($1)
      union
      select current.* from market.price_data as current join before using (instrument_id, bar_interval, ts)
    ) as after using (instrument_id, bar_interval, ts)
  ), differing as (
    select * from bar where old_values is distinct from new_values
  )`;

const countsQuery = `
  with ${touchedBars}
  select count(*) filter (where is_added)::int as added, count(*) filter (where not is_added and not is_gone)::int as changed, count(*) filter (where is_gone)::int as gone
  from differing`;

const changesQuery = `
  with ${touchedBars}
  select instrument.symbol, to_char(ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ts, field.name as field, field.old_value, field.new_value
  from differing
  join market.instrument using (instrument_id)
  cross join lateral unnest(array['open', 'high', 'low', 'close', 'volume', 'adjusted_close'], old_values, new_values)
    with ordinality as field (name, old_value, new_value, position)
  where field.old_value is distinct from field.new_value and (not (is_added or is_gone) or field.name = 'close')
  order by instrument_id, bar_interval, ts, position
  limit $2`;

/** How they are read. */
export interface ReplayOptions {
  /** Take the difference in, instead of undoing it. */
  readonly apply: boolean;
  /** Most changed values to list. */
  readonly lines: number;
  /** Called before each body. */
  readonly onBody?: (body: ReplayBody) => void;
  /** Called with the difference before it is taken in. */
  readonly onDifference?: (replay: Replay) => void;
}

/**
 * Reads bodies again, one after the other in one transaction, so that each finds what those before it have left, as when they came. The difference is
 * known before anything is taken in, and what is taken in is that difference: all of it or nothing.
 */
export async function replayBodies(pool: pg.Pool, bodies: readonly ReplayBody[], { apply, lines, onBody, onDifference }: ReplayOptions): Promise<Replay> {
  const undo = new Error("only looked at");
  let replay: Replay | undefined;
  try {
    await transaction(
      pool,
      async (client) => {
        await client.query("set local transaction_timeout = 0");
        const outcomes: ReplayOutcome[] = [];
        const runs: string[] = [];
        for (const body of bodies) {
          onBody?.(body);
          const result = await one<{ run_id: string; outcome: string; new_count: number; changed_count: number; quarantined_count: number; message: string | null }>(
            client,
            "select run_id::text, outcome, new_count::float8, changed_count::float8, quarantined_count::float8, message from pipeline.replay_response($1)",
            [body.raw_response_id],
          );
          const withdrawn = await value<number>(client, "select coalesce(sum(row_count), 0)::float8 from lineage.data_lineage where run_id = $1 and operation = 'delete'", [result.run_id]);
          runs.push(result.run_id);
          outcomes.push({
            body, outcome: result.outcome, newRows: result.new_count, newVersions: result.changed_count - result.new_count, withdrawn,
            quarantined: result.quarantined_count, message: result.message,
          });
        }
        replay = {
          outcomes,
          bars: await one<Replay["bars"] & Record<string, unknown>>(client, countsQuery, [runs]),
          changes: lines === 0 ? [] : await rows<BarChange>(client, changesQuery, [runs, lines]),
        };
        onDifference?.(replay);
        if (!apply) throw undo;
      },
      { attempts: 1 },
    );
  } catch (error) {
    if (error !== undo) throw error;
  }
  if (replay === undefined) throw new Error("bodies that were read again left no outcome");
  return replay;
}
