import { randomBytes } from "node:crypto";
import { Logger, run as runWorker, type TaskList } from "graphile-worker";
import type pg from "pg";
import { createPool, value } from "../database/pool.ts";
import { openPublisher } from "../online/publish.ts";
import { keepDelivering } from "../alerts/deliver.ts";
import { keepPublishing } from "./publishing.ts";
import { keepSealing } from "./sealing.ts";
import { backfillChunkTask } from "./tasks/backfill-chunk.ts";
import { fetchTask } from "./tasks/fetch.ts";
import { publishTask } from "./tasks/publish.ts";
import { runStepTask } from "./tasks/run-step.ts";
import { stepTask, type StepWork, type WorkerContext } from "./step-task.ts";
import { watchEventLoop } from "./watchdog.ts";

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
  /** A file for the heads of the audit chain, written after each seal. */
  readonly auditHeads?: string | undefined;
  /** Steps of one's own, by the name of their task; they take the place of the usual ones. */
  readonly work?: Readonly<Record<string, StepWork>>;
  /**
   * A process of its own ends by force when a step blocks it for this long: without a word of life its runs go to others all the same.
   * Not watched unless given.
   */
  readonly stallMilliseconds?: number;
  /** After this long without an answer of the database its connections count as dead and are made anew; default 30 s. */
  readonly silenceMilliseconds?: number;
  /** How often it gives a sign of life and looks for runs of workers that ended; default 5 s. */
  readonly heartbeatMilliseconds?: number;
  /** After this long without a sign of life a run is taken from its worker; default 60 s. */
  readonly sweepMilliseconds?: number;
  /** Where the addresses and secrets of alerts are looked up; default the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Hears of what a person should know: a lost connection, runs taken over, a failed step. */
  readonly onMessage?: (message: string) => void;
}

/** How often a worker gives a sign of life and looks for runs of workers that ended … */
const HEARTBEAT_MS = 5_000;
/** … and after how long without one a run is taken from its worker. */
const SWEEP_MS = 60_000;
const SECOND_LOOK_MS = 2_100;
/** How often it sees to it that the months to come have their partitions. */
const PARTITIONS_MS = 3_600_000;

/** The socket below a connection. */
function streamOf(client: pg.PoolClient): { destroy(error: Error): void } | undefined {
  return (client as unknown as { connection?: { stream?: { destroy(error: Error): void } } }).connection?.stream;
}

/** Starts a worker on the database of `url` (role worker): it takes over what dead workers left, then carries out steps until it is stopped. */
export async function startWorker(url: string, options: WorkerOptions = {}): Promise<Worker> {
  // The name tells the database which process holds a run: when no connection has it any more, the process is gone.
  const name = `marketbase worker ${randomBytes(4).toString("hex")}`;
  const say = options.onMessage ?? (() => undefined);
  const pool = createPool(url, { name, max: 10, onError: (error) => say(`A connection to the database broke: ${error.message}`) });
  const { redisUrl } = options;
  const publisher = redisUrl === undefined ? undefined : openPublisher(pool, redisUrl, say);
  const context: WorkerContext = { pool, inHand: new Set(), publisher, say };
  const work: Readonly<Record<string, StepWork>> = { fetch: fetchTask, run_step: runStepTask, publish: publishTask, backfill_chunk: backfillChunkTask, ...options.work };
  const taskList: TaskList = Object.fromEntries(Object.entries(work).map(([name, step]) => [name, stepTask(context, step)]));

  const { heartbeatMilliseconds = HEARTBEAT_MS, sweepMilliseconds = SWEEP_MS } = options;
  const sweep = async () => {
    const count = await value<number>(pool, "select pipeline.sweep_runs(make_interval(secs => $1))", [sweepMilliseconds / 1_000]);
    if (count > 0) say(`Took over ${count} ${count === 1 ? "run" : "runs"} of a worker that ended.`);
  };
  const startDue = async () => {
    const started = await value<number>(pool, "select pipeline.start_due()");
    if (started > 0) say(`${started} ${started === 1 ? "schedule is" : "schedules are"} due: started.`);
  };
  let partitioned = -PARTITIONS_MS;
  const makePartitions = async () => {
    if (performance.now() - partitioned < PARTITIONS_MS) return;
    partitioned = performance.now();
    // What is busy is left to the next turn: the months are made long before they begin.
    await pool.query("select quality.make_partitions()").catch((error: Error) => say(`Partitions could not be made now: ${error.message}`));
  };
  const beat = async () => {
    if (context.inHand.size > 0) await pool.query("select pipeline.beat_run($1)", [[...context.inHand]]);
  };
  // What is half-open takes every query and answers none: such connections are cut, so that whoever waits for them hears of it.
  const connections = new Set<pg.PoolClient>();
  pool.on("connect", (client) => connections.add(client));
  pool.on("remove", (client) => connections.delete(client));
  const silence = options.silenceMilliseconds ?? 30_000;
  const cut = () => {
    say(`The database was silent for ${silence / 1_000} s: its connections are made anew.`);
    for (const client of connections) streamOf(client)?.destroy(new Error("the database was silent"));
  };
  let busy: Promise<void> | undefined;
  // A database that is away for a moment must not end the worker: the next turn tries again.
  const tick = () => {
    if (busy !== undefined) return;
    const timer = setTimeout(cut, silence);
    busy = beat()
      .then(sweep)
      .then(startDue)
      .then(makePartitions)
      .catch((error: Error) => say(`The database does not answer: ${error.message}`))
      .finally(() => {
        clearTimeout(timer);
        busy = undefined;
      });
  };

  try {
    await sweep();
    await startDue();
    await makePartitions();
    const runner = await runWorker({
      pgPool: pool,
      taskList,
      noHandleSignals: true,
      logger: new Logger(() => (level, message) => {
        if (level === "error" || level === "warning") say(message);
      }),
      // Only with a delay, be it zero, are jobs taken out of the queue with retries, and waited for by `stop`.
      preset: { worker: { concurrentJobs: options.concurrency ?? 2, pollInterval: 1_000, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    });
    const timer = setInterval(tick, heartbeatMilliseconds);
    // A worker that ended just before this one started left runs that look alive for two seconds more.
    const second = setTimeout(tick, SECOND_LOOK_MS);
    const publishing = redisUrl === undefined || publisher === undefined ? undefined : keepPublishing(pool, publisher, redisUrl, say);
    const sealing = keepSealing(pool, options.auditHeads, say);
    const delivering = keepDelivering(pool, options.environment ?? process.env, say);
    const unwatch = options.stallMilliseconds === undefined ? undefined : watchEventLoop(options.stallMilliseconds);
    let stopped = false;
    return {
      pool,
      ended: runner.promise,
      stop: async () => {
        if (stopped) return;
        stopped = true;
        clearInterval(timer);
        clearTimeout(second);
        await runner.stop();
        await Promise.all([publishing?.stop(), sealing.stop(), delivering.stop()]);
        await unwatch?.();
        await pool.end();
      },
    };
  } catch (error) {
    publisher?.close();
    await pool.end().catch(() => undefined);
    throw error;
  }
}
