import { Redis } from "ioredis";

/** Longest wait for the cache, in milliseconds: after that the database answers. */
const COMMAND_MS = 250;

/**
 * A connection to Redis that gives up quickly: commands fail at once while there is no connection, and none waits longer than a quarter of a
 * second. It connects again by itself. `say` hears of the first trouble and of nothing more until the cache has answered again.
 */
export function openRedis(url: string, say: (message: string) => void): { readonly client: Redis; trouble(error: Error): void; well(): void; close(): void } {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 1_000,
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectionName: "marketbase",
    retryStrategy: (times) => Math.min(times * 200, 5_000),
  });
  let warned = false;
  const trouble = (error: Error) => {
    if (warned) return;
    warned = true;
    say(`Redis does not answer (${error.message || "no connection"}): features are read from PostgreSQL.`);
  };
  client.on("error", trouble);
  return {
    client,
    trouble,
    well: () => {
      warned = false;
    },
    close: () => client.disconnect(),
  };
}

/** The key under which the version of a set is found that was last published. */
export function currentKey(set: string): string {
  return `mb:${set}:current`;
}

/** The key of an instrument's newest vector. It carries the version of the set: another version is another key. */
export function latestKey(set: string, version: string, symbol: string): string {
  return `mb:${set}:${version}:${symbol}`;
}
