import { Redis } from "ioredis";

/** Longest wait of a read for Redis, in milliseconds: after that the database answers. */
export const READ_MS = 100;

/** A connection to Redis that never holds anybody up. */
export interface RedisConnection {
  readonly client: Redis;
  /** Whether it is worth asking: connected, and well since the last trouble. */
  usable(): boolean;
  /** A command failed or took too long: Redis is left alone until it has answered a probe. */
  trouble(error: Error): void;
  close(): void;
}

/** How often a Redis that was in trouble is asked whether it is well again. */
const PROBE_MS = 500;

/**
 * Opens a connection that gives up quickly: commands fail at once while there is no connection, and none waits longer than `commandMs`. It
 * connects again by itself. `say` hears of the first trouble and of nothing more until Redis has answered again.
 */
export function openRedis(url: string, say: (message: string) => void, commandMs = READ_MS): RedisConnection {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 1_000,
    commandTimeout: commandMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    connectionName: "marketbase",
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  let warned = false;
  let well = true;
  let probe: NodeJS.Timeout | undefined;
  const ask = () => {
    probe = undefined;
    client.ping().then(
      () => {
        well = true;
        warned = false;
      },
      () => {
        probe = setTimeout(ask, PROBE_MS).unref();
      },
    );
  };
  const trouble = (error: Error) => {
    well = false;
    probe ??= setTimeout(ask, PROBE_MS).unref();
    if (warned) return;
    warned = true;
    say(`Redis does not answer (${error.message || "no connection"}): features are read from PostgreSQL.`);
  };
  client.on("error", trouble);
  return {
    client,
    usable: () => well && client.status === "ready",
    trouble,
    close: () => {
      clearTimeout(probe);
      client.disconnect();
    },
  };
}

/** The key of the newest vector of an instrument in a version of a set. Another version is another key. */
export function onlineKey(featureSetVersionId: number | string, instrumentId: number | string): string {
  return `mb:${featureSetVersionId}:${instrumentId}`;
}
