import type { Queryable } from "../database/pool.ts";
import { latestRows } from "./latest.ts";
import { currentKey, latestKey, openRedis } from "./redis.ts";

/** Vectors that are not published again are forgotten after a week: those of versions that are no longer in force. */
const EXPIRY_SECONDS = 7 * 24 * 3600;

/** Vectors per round trip. */
const BATCH = 500;

/** Writes a vector unless a later one is there: of two that publish at the same time, the one with the newer data wins. */
const publishScript = `
local stamp = redis.call("TYPE", KEYS[1]).ok == "hash" and tonumber(redis.call("HGET", KEYS[1], "stamp")) or 0
if stamp and stamp > tonumber(ARGV[1]) then return 0 end
redis.call("DEL", KEYS[1])
redis.call("HSET", KEYS[1], "stamp", ARGV[1], "json", ARGV[2])
redis.call("EXPIRE", KEYS[1], ARGV[3])
return 1`;

/**
 * Publishes the newest vector of every instrument and set, as committed in the database. Returns how many are there now; a Redis that
 * does not answer is one message and 0, because nothing depends on the cache.
 */
export async function publishLatest(database: Queryable, redisUrl: string, say: (message: string) => void): Promise<number> {
  const latest = await latestRows(database);
  const { client, trouble, close } = openRedis(redisUrl, say);
  try {
    await client.connect();
    for (let start = 0; start < latest.length; start += BATCH) {
      const batch = client.pipeline();
      for (const { set, version, symbol, stamp, json } of latest.slice(start, start + BATCH)) {
        batch.eval(publishScript, 1, latestKey(set, version, symbol), stamp, json, EXPIRY_SECONDS);
      }
      await execute(batch);
    }
    // The pointers last: whoever follows them finds what they point to.
    const pointers = client.pipeline();
    for (const [set, version] of new Map(latest.map(({ set, version }) => [set, version]))) pointers.set(currentKey(set), version, "EX", EXPIRY_SECONDS);
    await execute(pointers);
    return latest.length;
  } catch (error) {
    trouble(error as Error);
    return 0;
  } finally {
    close();
  }
}

async function execute(batch: { exec(): Promise<[error: Error | null, result: unknown][] | null> }): Promise<void> {
  for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error;
}
