import type pg from "pg";
import { one, rows, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";
import { knownFromOf, revisionOf, tsOf, unpack, valuesOf, type PackedVector, type Value } from "./packed.ts";
import { onlineKey, openRedis } from "./redis.ts";

/** What an audit found. */
export interface OnlineAudit {
  readonly runId: string;
  /** Values that were looked at. */
  readonly read: number;
  /** Those that were there and of the current generation, so that they would be served. */
  readonly compared: number;
  readonly missing: number;
  readonly differing: readonly { readonly symbol: string; readonly set: string; readonly message: string }[];
}

/** Longest wait for Redis. */
const READ_MS = 5_000;

const sampleQuery = `
  select online.instrument_id::text as instrument, online.feature_set_version_id::text as version
  from feature.online_vector as online
  join feature.feature_set_version as version using (feature_set_version_id)
  where version.is_current and online.generation = online.published_generation
  order by random()
  limit $1`;

const differingQuery = `
  select instrument.symbol, finding.key ->> 'feature_set' as set, finding.message
  from quality.validation_result as result
  join quality.validation_finding as finding using (validation_result_id)
  join market.instrument as instrument on instrument.instrument_id = finding.instrument_id
  where result.run_id = $1
  order by instrument.symbol, 2`;

/** A new generation, so that no copy that a server keeps of what differs is served any more either; it is published by the next round. */
const renewQuery = `
  with renewed as (
    update feature.online_vector as online
    set generation = (extract(epoch from clock_timestamp()) * 1000000)::bigint, changed_at = now()
    from feature.online_check as reading
    where not reading.is_equal
      and online.instrument_id = reading.instrument_id
      and online.feature_set_version_id = reading.feature_set_version_id
    returning online.instrument_id, online.feature_set_version_id
  )
  select pg_notify('marketbase_online', format('%s:%s', renewed.feature_set_version_id, renewed.instrument_id)) from renewed`;

/**
 * Reads a random sample of what is published from Redis, and has the rule `online_equals_offline` compare it with the database, bit for bit, as a
 * run of its own. What differs is published again. Undefined where another audit is under way. Nothing is written when Redis does not answer.
 */
export async function auditOnline(pool: pg.Pool, redisUrl: string, sample: number): Promise<OnlineAudit | undefined> {
  const redis = openRedis(redisUrl, () => undefined, READ_MS);
  try {
    await redis.client.connect();
    return await transaction(pool, async (client) => {
      if (!(await value<boolean>(client, "select pg_try_advisory_xact_lock(hashtextextended('feature.online_reading', 0))"))) return undefined;
      const keys = await rows<{ instrument: string; version: string }>(client, sampleQuery, [sample]);
      // One by one: of several keys at once, one of another type hides the others.
      const batch = redis.client.pipeline();
      for (const { instrument, version } of keys) batch.getBuffer(onlineKey(version, instrument));
      const found = (await batch.exec()) ?? [];
      const readings = keys.flatMap((key, i) => {
        const [error, bytes] = found[i] ?? [null, null];
        if (error !== null && !error.message.startsWith("WRONGTYPE")) throw error;
        if (error === null && bytes === null) return [];
        return [{ key, vector: error === null ? ownVector(bytes as Buffer, key) : undefined }];
      });
      const vectors = readings.map(({ vector }) => vector);
      const runId = await value<string>(client, "select pipeline.start_run('features audit', 'features audit')::text");
      await client.query("select feature.record_online_readings($1, $2, $3, $4, $5, $6, $7, $8)", [
        runId,
        readings.map(({ key }) => key.instrument),
        readings.map(({ key }) => key.version),
        vectors.map((vector) => vector?.generation ?? null),
        vectors.map((vector) => (vector === undefined ? null : tsOf(vector))),
        vectors.map((vector) => (vector === undefined ? null : knownFromOf(vector))),
        vectors.map((vector) => (vector === undefined ? null : revisionOf(vector))),
        vectors.map((vector) => (vector === undefined ? null : arrayText(vector.values))),
      ]);
      const ids = [...new Set(readings.map(({ key }) => key.instrument))];
      const { compared, failed } = await one<{ compared: number; failed: number }>(
        client,
        `select coalesce(sum(checked_count), 0)::int as compared, coalesce(sum(failed_count), 0)::int as failed
         from quality.validate($1, $2, null, array['online_vector'])`,
        [runId, ids],
      );
      const differing = await rows<{ symbol: string; set: string; message: string }>(client, differingQuery, [runId]);
      await client.query(renewQuery);
      const missing = keys.length - readings.length;
      await client.query("select pipeline.finish_run($1, $2, $3, $4, $5)", [
        runId,
        keys.length,
        readings.length,
        JSON.stringify({ sampled: keys.length, compared, failed, missing }),
        `${compared} vectors in Redis compared, ${failed} differ${missing === 0 ? "" : `, ${missing} missing`}`,
      ]);
      return { runId, read: keys.length, compared, missing, differing };
    });
  } finally {
    redis.close();
  }
}

/** The vector of a value with its values, if it is whole and that of its key. */
function ownVector(bytes: Buffer, { instrument, version }: { instrument: string; version: string }): (PackedVector & { readonly values: readonly Value[] }) | undefined {
  const vector = unpack(bytes);
  if (vector?.instrumentId !== Number(instrument) || vector.featureSetVersionId !== Number(version)) return undefined;
  try {
    const values = valuesOf(vector);
    return values.every((value) => value === null || typeof value === "number" || notFinite.has(value)) ? { ...vector, values } : undefined;
  } catch {
    return undefined;
  }
}

const notFinite: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);

/** An array as PostgreSQL reads it, with the sign of zero. */
function arrayText(values: readonly Value[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : Object.is(value, -0) ? "-0" : String(value))).join(",")}}`;
}
