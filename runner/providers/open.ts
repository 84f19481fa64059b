import type pg from "pg";
import type { Config } from "../config/config.ts";
import type { Purpose } from "../database/connections.ts";
import { openDatabase } from "../database/open.ts";
import { createPool } from "../database/pool.ts";
import type { Progress } from "../output/progress.ts";

/** The database with the rights of the worker, for a command that brings data in; of another role, where that is not enough. */
export async function openWorkerPool(config: Config, what: string, progress: Progress, purpose: Purpose = "worker"): Promise<{ pool: pg.Pool; close: () => Promise<void> }> {
  const database = await progress.run("open the database", (step) => openDatabase(config, { what: `marketbase ${what}`, onProgress: (message) => step.note(message) }));
  const pool = createPool(database.urlFor(purpose), { name: `marketbase ${what} ${process.pid}`, max: 3 });
  return {
    pool,
    async close() {
      await pool.end();
      await database.close();
    },
  };
}
