import type { Queryable } from "../database/pool.ts";
import { rows } from "../database/pool.ts";
import { GENERATION_BYTES, readGeneration } from "./packed.ts";
import { onlineKey, openRedis, type RedisConnection } from "./redis.ts";

/** Values that nobody publishes or looks after any more are forgotten after an hour. */
export const EXPIRY_SECONDS = 3_600;

/** Values per round trip. */
const BATCH = 500;

/** Longest wait of the publisher for a batch. */
const BATCH_MS = 5_000;

/** Writes to Redis what has changed in the database. */
export interface Publisher {
  /** Publishes what changed since it was last published; gives how many values that were. */
  publish(): Promise<number>;
  /** Looks at every value in force: gives it another hour, or publishes it where it is missing or outdated. Gives how many were published. */
  sweep(): Promise<number>;
  close(): void;
}

// What a transaction that has not ended is changing is left to the next round, which comes after its end. Generation and vector are of one snapshot.
const changedQuery = `
  with changed as materialized (
    select online.instrument_id, online.feature_set_version_id
    from feature.online_vector as online
    join feature.feature_set_version as version using (feature_set_version_id)
    where version.is_current and online.generation is distinct from online.published_generation
    limit $1
    for update of online skip locked
  )
  select vector.instrument_id::text as instrument, vector.feature_set_version_id::text as version, vector.generation::text as generation, vector.packed
  from feature.online_vectors(
    array(select instrument_id from changed order by instrument_id, feature_set_version_id),
    array(select feature_set_version_id from changed order by instrument_id, feature_set_version_id)
  ) as vector`;

/** Only what has not changed again meanwhile counts as published. */
const publishedQuery = `
  with published as (
    select online.instrument_id, online.feature_set_version_id, online.generation
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as written (instrument_id, feature_set_version_id, generation)
    join feature.online_vector as online using (instrument_id, feature_set_version_id, generation)
    for update of online skip locked
  )
  update feature.online_vector as online
  set published_generation = published.generation, published_at = now()
  from published
  where online.instrument_id = published.instrument_id
    and online.feature_set_version_id = published.feature_set_version_id
    and online.generation = published.generation`;

const expectedQuery = `
  select online.instrument_id::text as instrument, online.feature_set_version_id::text as version, online.generation::text as generation
  from feature.online_vector as online
  join feature.feature_set_version as version using (feature_set_version_id)
  where version.is_current and online.generation = online.published_generation
  order by online.instrument_id, online.feature_set_version_id`;

const unpublishQuery = `
  update feature.online_vector as online
  set published_generation = null
  from unnest($1::bigint[], $2::bigint[]) as missing (instrument_id, feature_set_version_id)
  where online.instrument_id = missing.instrument_id and online.feature_set_version_id = missing.feature_set_version_id`;

interface Key extends Record<string, string> {
  readonly instrument: string;
  readonly version: string;
  readonly generation: string;
}

/**
 * Opens a publisher (role worker). What is published is said by `feature.online_vector`: a publisher that is killed between the commit of a
 * change and its publication leaves it to the next one. A Redis that does not answer is one message; nothing depends on it.
 */
export function openPublisher(database: Queryable, redisUrl: string, say: (message: string) => void): Publisher {
  const redis = openRedis(redisUrl, say, BATCH_MS);
  let connecting: Promise<void> | undefined;
  const ready = async () => {
    connecting ??= redis.client.connect().catch(redis.trouble);
    await connecting;
    return redis.usable();
  };
  // One round at a time: two would publish the same twice.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async (work: () => Promise<number>): Promise<number> => {
    const mine = turn.then(async () => ((await ready()) ? await guarded(redis, work) : 0));
    turn = mine.catch(() => undefined);
    return await mine;
  };
  const publishChanged = async (): Promise<number> => {
    let published = 0;
    for (;;) {
      const changed = await rows<Record<string, unknown> & Key & { packed: Buffer | null }>(database, changedQuery, [BATCH]);
      if (changed.length === 0) return published;
      const batch = redis.client.pipeline();
      for (const { instrument, version, packed } of changed) {
        if (packed === null) batch.del(onlineKey(version, instrument));
        else batch.set(onlineKey(version, instrument), packed, "EX", EXPIRY_SECONDS);
      }
      await execute(batch);
      await database.query(publishedQuery, columnsOf(changed));
      published += changed.length;
      if (changed.length < BATCH) return published;
    }
  };
  return {
    publish: () => inTurn(publishChanged),
    sweep: () =>
      inTurn(async () => {
        const expected = await rows<Key>(database, expectedQuery);
        for (let start = 0; start < expected.length; start += BATCH) {
          const part = expected.slice(start, start + BATCH);
          const batch = redis.client.pipeline();
          for (const { instrument, version } of part) batch.getrangeBuffer(onlineKey(version, instrument), 0, GENERATION_BYTES - 1);
          for (const { instrument, version } of part) batch.expire(onlineKey(version, instrument), EXPIRY_SECONDS);
          const found = await execute(batch);
          const missing = part.filter((key, i) => readGeneration(found[i] as Buffer | null) !== Number(key.generation));
          if (missing.length > 0) await database.query(unpublishQuery, columnsOf(missing).slice(0, 2));
        }
        return await publishChanged();
      }),
    close: redis.close,
  };
}

async function guarded(redis: RedisConnection, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RedisFailure)) throw error;
    redis.trouble(error);
    return 0;
  }
}

/** Redis failed, and not the database. */
class RedisFailure extends Error {}

function columnsOf(keys: readonly Key[]): [string[], string[], string[]] {
  return [keys.map(({ instrument }) => instrument), keys.map(({ version }) => version), keys.map(({ generation }) => generation)];
}

/** Carries out the commands of a batch. A key of another type is the error of its own command, to be overwritten like any other garbage. */
async function execute(batch: { exec(): Promise<[error: Error | null, result: unknown][] | null> }): Promise<unknown[]> {
  const results = await batch.exec().catch((error: Error) => {
    throw new RedisFailure(error.message, { cause: error });
  });
  return (results ?? []).map(([error, result]) => {
    if (error !== null && !error.message.startsWith("WRONGTYPE")) throw new RedisFailure(error.message, { cause: error });
    return error === null ? result : null;
  });
}
