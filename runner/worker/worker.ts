import { randomBytes } from "node:crypto";
import { Logger, run as runWorker, type TaskList } from "graphile-worker";
import type pg from "pg";
import { createPool } from "../database/pool.ts";
import { openPublisher } from "../online/publish.ts";
import { keepPublishing } from "./publishing.ts";
import { fetchTask } from "./tasks/fetch.ts";
import { publishTask } from "./tasks/publish.ts";
import { runStepTask } from "./tasks/run-step.ts";
import { stepTask, type WorkerContext } from "./step-task.ts";

/** A worker that is running. */
export interface Worker {
  /** The pool of the worker; the process that hosts it shares this pool. */
  readonly pool: pg.Pool;
  /** Lets the steps in hand finish, gives the other jobs back and closes the pool. */
  stop(): Promise<void>;
  /** Settles when the worker ends, by `stop` or by itself. */
  readonly ended: Promise<void>;
}

/** How a worker is started. */
export interface WorkerOptions {
  /** Steps at once; default 2. */
  readonly concurrency?: number;
  /** Where the latest features are published; without it reads go to PostgreSQL. */
  readonly redisUrl?: string | undefined;
  /** Hears of what a person should know: a lost connection, runs taken over, a failed step. */
  readonly onMessage?: (message: string) => void;
}

/** How often a worker gives a sign of life and looks for runs of workers that ended. */
const HEARTBEAT_MS = 5_000;

/** Starts a worker on the database of `url` (role worker): it takes over what dead workers left, then carries out steps until it is stopped. */
export async function startWorker(url: string, options: WorkerOptions = {}): Promise<Worker> {
  // The name tells the database which process holds a run: when no connection has it any more, the process is gone.
  const name = `marketbase worker ${randomBytes(4).toString("hex")}`;
  const say = options.onMessage ?? (() => undefined);
  const pool = createPool(url, { name, max: 10, onError: (error) => say(`A connection to the database broke: ${error.message}`) });
  const { redisUrl } = options;
  const publisher = redisUrl === undefined ? undefined : openPublisher(pool, redisUrl, say);
  const context: WorkerContext = { pool, inHand: new Set(), publisher, say };
  const taskList: TaskList = {
    fetch: stepTask(context, fetchTask),
    run_step: stepTask(context, runStepTask),
    publish: stepTask(context, publishTask),
  };

  const sweep = async () => {
    const swept = await pool.query<{ count: number }>("select pipeline.sweep_runs() as count");
    const count = swept.rows[0]?.count ?? 0;
    if (count > 0) say(`Took over ${count} ${count === 1 ? "run" : "runs"} of a worker that ended.`);
  };
  const beat = async () => {
    if (context.inHand.size > 0) await pool.query("select pipeline.beat_run($1)", [[...context.inHand]]);
  };
  // A database that is away for a moment must not end the worker: the next turn tries again.
  const tick = () => void beat().then(sweep).catch((error: Error) => say(`The database does not answer: ${error.message}`));

  try {
    await sweep();
    const runner = await runWorker({
      pgPool: pool,
      taskList,
      noHandleSignals: true,
      logger: new Logger(() => (level, message) => {
        if (level === "error" || level === "warning") say(message);
      }),
      preset: { worker: { concurrentJobs: options.concurrency ?? 2, pollInterval: 1_000 } },
    });
    const timer = setInterval(tick, HEARTBEAT_MS);
    const publishing = redisUrl === undefined || publisher === undefined ? undefined : keepPublishing(pool, publisher, redisUrl, say);
    let stopped = false;
    return {
      pool,
      ended: runner.promise,
      stop: async () => {
        if (stopped) return;
        stopped = true;
        clearInterval(timer);
        await runner.stop();
        await publishing?.stop();
        await pool.end();
      },
    };
  } catch (error) {
    publisher?.close();
    await pool.end().catch(() => undefined);
    throw error;
  }
}
