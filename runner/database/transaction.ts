import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";

/** How a transaction runs. */
export interface TransactionOptions {
  /** Default: read committed. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  readonly readOnly?: boolean;
  /** How often it is tried in all when the server asks to try again; default 5. */
  readonly attempts?: number;
}

/** Serialization failure and deadlock: the server undid the transaction and says that trying again may succeed. */
const retryable = new Set(["40001", "40P01"]);

/**
 * The one way to run a transaction: `begin`, the work, `commit`; any error rolls everything back and is thrown on.
 * After 40001 (serialization failure) and 40P01 (deadlock) the whole work runs again, up to `attempts` times with a growing, random pause:
 * the work must therefore have no effect outside the database.
 */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
  const attempts = options.attempts ?? 5;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(pool, work, options);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined || !retryable.has(code) || attempt >= attempts) throw error;
      await sleep(Math.random() * 25 * 2 ** attempt);
    }
  }
}

async function attemptOnce<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, options: TransactionOptions): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`begin isolation level ${options.isolation ?? "read committed"}${options.readOnly === true ? " read only" : ""}`);
    const result = await work(client);
    const { command } = await client.query("commit");
    // After an error that the work swallowed, the server answers commit with a rollback.
    if (command === "ROLLBACK") throw new Error("the transaction had failed before its end and was rolled back");
    return result;
  } catch (error) {
    try {
      await client.query("rollback");
    } catch (rollbackError) {
      broken = rollbackError as Error;
    }
    throw error;
  } finally {
    // A connection on which not even rollback works is closed instead of going back to the pool.
    client.release(broken);
  }
}
