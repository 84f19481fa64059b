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
  /** When it was stored, in microseconds: a later one replaces an earlier one. */
  readonly stamp: string;
  /** JSON of a LatestFeatures. */
  readonly json: string;
}

const latestQuery = `
  select feature_set.name as set, version.version, instrument.symbol,
    (extract(epoch from vector.recorded_at) * 1000000)::bigint::text as stamp,
    jsonb_build_object(
      'symbol', instrument.symbol, 'set', feature_set.name, 'version', version.version,
      'ts', vector.ts, 'knownFrom', vector.known_from, 'revision', vector.revision,
      'values', (select jsonb_object_agg(part.name, part.value) from unnest(version.feature_names, vector.values) as part (name, value))
    )::text as json
  from feature.feature_set
  join feature.feature_set_version as version on version.feature_set_id = feature_set.feature_set_id and version.is_current
  cross join market.instrument
  cross join lateral (
    select newest.ts, newest.known_from, newest.revision, newest.recorded_at, newest.values
    from feature.feature_vector as newest
    where newest.instrument_id = instrument.instrument_id and newest.feature_set_version_id = version.feature_set_version_id
    order by newest.ts desc
    limit 1
  ) as vector
  where ($1::text is null or feature_set.name = $1) and ($2::text[] is null or instrument.symbol = any ($2))
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
