import type pg from "pg";
import type { CommandContext } from "./command.ts";
import { openDatabase } from "../database/open.ts";
import { createPool } from "../database/pool.ts";
import type { Purpose } from "../database/connections.ts";

/** Opens the database for one command, gives it a pool of `max` connections, and closes both whatever happens. */
export async function withPool<T>(context: CommandContext, what: string, purpose: Purpose, max: number, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const database = await openDatabase(context.config, { what });
  const pool = createPool(database.urlFor(purpose), { name: `${what} ${process.pid}`, max });
  try {
    return await work(pool);
  } finally {
    await pool.end();
    await database.close();
  }
}
