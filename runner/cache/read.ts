import type { Queryable } from "../database/pool.ts";
import { latestRows, parseLatest, type LatestFeatures } from "./latest.ts";
import { currentKey, latestKey, openRedis } from "./redis.ts";

/** Reads the newest features, from the cache where there is one. */
export interface FeatureReader {
  /** The newest vector of an instrument in a set; undefined where there is none. */
  latest(set: string, symbol: string): Promise<LatestFeatures | undefined>;
  close(): void;
}

/**
 * Opens a reader. What the cache does not know, cannot answer in a quarter of a second or has garbage for is read from PostgreSQL, which
 * gives the same answer. The cache is as new as its last publication, which follows each commit of features.
 */
export function openFeatureReader(database: Queryable, redisUrl: string | undefined, say: (message: string) => void): FeatureReader {
  const redis = redisUrl === undefined ? undefined : openRedis(redisUrl, say);
  // Readers do not wait for the connection: until it is there the database answers.
  redis?.client.connect().catch(redis.trouble);

  const fromCache = async (set: string, symbol: string): Promise<LatestFeatures | undefined> => {
    if (redis === undefined || redis.client.status !== "ready") return undefined;
    try {
      const version = await redis.client.get(currentKey(set));
      if (version === null) return undefined;
      const found = parseLatest(await redis.client.hget(latestKey(set, version, symbol), "json"));
      redis.well();
      // A value under a key of another set or symbol is garbage, however well it is formed.
      return found?.set === set && found.symbol === symbol && found.version === version ? found : undefined;
    } catch (error) {
      redis.trouble(error as Error);
      return undefined;
    }
  };

  return {
    latest: async (set, symbol) => (await fromCache(set, symbol)) ?? parseLatest((await latestRows(database, set, [symbol]))[0]?.json),
    close: () => redis?.close(),
  };
}
