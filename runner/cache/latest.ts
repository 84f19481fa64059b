import { z } from "zod";
import { rows, type Queryable } from "../database/pool.ts";

/** The newest feature values of an instrument. */
export interface LatestFeatures {
  readonly symbol: string;
  readonly set: string;
  /** Version of the set that is in force. */
  readonly version: string;
  /** Bar to which the values belong. */
  readonly ts: Date;
  /** From when they could be known. */
  readonly knownFrom: Date;
  readonly revision: number;
  /** By name of the feature; null during warm-up. */
  readonly values: Readonly<Record<string, number | null>>;
}

/** A vector as the database writes it down, the same for the cache and for a read without it. */
export interface LatestRow {
  readonly set: string;
  readonly version: string;
  readonly symbol: string;
  /** Time of the bar and revision as one number: a later one replaces an earlier one. */
  readonly stamp: string;
  /** JSON of a LatestFeatures. */
  readonly json: string;
}

const latestQuery = `
  select newest.feature_set as set, newest.version, newest.symbol,
    (extract(epoch from newest.ts)::bigint * 10000 + least(newest.revision, 9999))::text as stamp,
    jsonb_build_object(
      'symbol', newest.symbol, 'set', newest.feature_set, 'version', newest.version,
      'ts', newest.ts, 'knownFrom', newest.known_from, 'revision', newest.revision,
      'values', (select jsonb_object_agg(part.name, part.value) from unnest(newest.feature_names, newest.values) as part (name, value))
    )::text as json
  from feature.feature_set
  cross join lateral feature.latest(
    feature_set.name, case when $2::text[] is not null then array(select instrument_id from market.instrument where symbol = any ($2)) end
  ) as newest
  where $1::text is null or feature_set.name = $1
  order by 1, 3`;

/** The newest vectors of a set (all sets unless one is named) and of instruments (all unless some are named), from PostgreSQL. */
export async function latestRows(on: Queryable, set?: string, symbols?: readonly string[]): Promise<LatestRow[]> {
  return await rows<LatestRow & Record<string, string>>(on, latestQuery, [set ?? null, symbols === undefined ? null : [...symbols]]);
}

// JSON has no NaN and no infinities: the database writes them as strings.
const number = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);

const time = z.string().transform((text, context) => {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) context.addIssue({ code: "custom", message: "is not a time" });
  return date;
});

const latestSchema = z.strictObject({
  symbol: z.string(),
  set: z.string(),
  version: z.string(),
  ts: time,
  knownFrom: time,
  revision: z.number().int().positive(),
  values: z.record(z.string(), number.nullable()),
});

/** Reads the JSON of a vector; undefined for anything else. */
export function parseLatest(json: string | null | undefined): LatestFeatures | undefined {
  if (json === null || json === undefined) return undefined;
  try {
    return latestSchema.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}
