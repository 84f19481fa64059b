import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { withConnection } from "../database/connect.ts";
import { createPool, one, rows, value } from "../database/pool.ts";
import { computeFeatures } from "../features/compute.ts";
import { count } from "../output/table.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { alpha158 } from "./features/alpha158.ts";
import { randomBars } from "./features/bars.ts";
import { breakdown } from "./features/breakdown.ts";
import { costPerBar } from "./features/cost-per-bar.ts";
import { differences } from "./features/differences.ts";
import { emptyVectors, loadBars } from "./features/load.ts";
import { writeBars } from "./features/parquet.ts";
import { runProcess } from "./features/process.ts";
import { median, serverSeconds, watchMemory } from "./machine.ts";

/** The size at scale 1: as many bars as the published figures are about. */
const INSTRUMENTS = 800;
const BARS_EACH = 3_393;

/** One way of doing the same work, and what came of each round. */
interface Contender {
  readonly name: string;
  readonly workers: number;
  /** Does it once; gives seconds, and processor time and memory of processes other than the server, where there are any. */
  run(): Promise<{ seconds: number; cpu?: number; memory?: number }>;
  readonly rounds: { seconds: number; cpu: number; memory: number }[];
}

/** What Microsoft qlib 0.9.7 takes for the same features of as many bars, in float32, on two cores like those of the machine of the design: µs a bar. */
const published = [
  { what: "qlib 0.9.7, nothing stored (published)", workers: 1, seconds: 11.8 },
  { what: "qlib 0.9.7, nothing stored (published)", workers: 2, seconds: 7.8 },
  { what: "qlib 0.9.7, reading its own cache (published)", workers: 1, seconds: 4.5 },
] as const;

/** qlib14 over many instruments, by marketbase and by what a user would do instead, on the same bars and in turns. */
export const benchmark: Benchmark = {
  name: "features",
  summary: "compute and store qlib14 for 800 instruments: marketbase, Node with TA-Lib, DuckDB",
  run,
};

async function run(context: BenchmarkContext): Promise<BenchmarkResult> {
  const { database, progress, folder, scale, serverPid } = context;
  const { urlFor } = database;
  const instruments = Math.max(2, Math.round(INSTRUMENTS * scale));
  const bars = instruments * BARS_EACH;
  const barsOf = (index: number) => randomBars(index, BARS_EACH);
  const worker = createPool(urlFor("worker"), { name: "marketbase bench", max: 3 });
  const notes: string[] = [];
  try {
    return await withConnection(urlFor("admin"), async (admin) => {
      const ids = await progress.run(
        "bars",
        async (step) => {
          step.total(bars);
          return await loadBars(admin, "1d", Array.from({ length: instruments }, (_, i) => `BENCH${i + 1}`), barsOf, (loaded) => step.advance(loaded));
        },
        () => `${count(bars)} bars`,
      );
      await activateOnly(admin, "qlib14");
      await admin.query("create schema bench");
      await admin.query("grant usage on schema bench to marketbase_worker");
      await admin.query("create table bench.node_vector (instrument_id bigint, ts timestamptz, values double precision[], primary key (instrument_id, ts))");
      await admin.query("grant all on bench.node_vector to marketbase_worker");
      await admin.query("vacuum analyze market.price_data");

      const node = (script: string, ahead = false) => async () => {
        await admin.query("truncate bench.node_vector");
        return await runProcess(script, { url: urlFor("worker"), table: "bench.node_vector", longest: BARS_EACH, ahead });
      };
      const ours: Contender = { name: "marketbase", workers: 1, run: () => compute(admin, worker, 1), rounds: [] };
      const contenders: Contender[] = [
        ours,
        { name: "marketbase", workers: 2, run: () => compute(admin, worker, 2), rounds: [] },
        { name: "marketbase, reading what is stored by COPY", workers: 1, run: () => read(admin, worker), rounds: [] },
      ];
      if (installed("talib-web")) {
        contenders.push(
          { name: PLAIN, workers: 1, run: node("node-plain.process.ts"), rounds: [] },
          { name: AHEAD, workers: 1, run: node("node-plain.process.ts", true), rounds: [] },
          { name: TUNED, workers: 1, run: node("node-tuned.process.ts"), rounds: [] },
        );
      } else notes.push("The Node pipelines are left out: the development dependency talib-web is not installed.");
      const target = join(folder, "vectors.parquet");
      if (installed("@duckdb/node-api")) {
        const source = join(folder, "bars.parquet");
        await progress.run("Parquet file for DuckDB", () => writeBars(source, ids, barsOf));
        for (const threads of [1, 2]) {
          contenders.push({ name: "DuckDB, Parquet to Parquet", workers: threads, run: () => runProcess("duckdb.process.ts", { source, target, threads }), rounds: [] });
        }
      } else notes.push("DuckDB is left out: the development dependency @duckdb/node-api is not installed.");

      await progress.run("rounds", async (step) => {
        step.total(context.rounds * contenders.length);
        for (let round = 1; round <= context.rounds; round++) {
          for (const contender of contenders) {
            step.note(`round ${round}: ${contender.name}, ${contender.workers}`);
            // Nobody pays for what another has left to be written.
            await admin.query("checkpoint");
            const before = serverSeconds(serverPid);
            const memory = watchMemory(serverPid);
            const { seconds, cpu = 0, memory: own = 0 } = await contender.run();
            contender.rounds.push({ seconds, cpu: serverSeconds(serverPid) - before + cpu, memory: memory.stop().server + own });
            step.advance();
          }
        }
      });

      const peers = ([["plain", PLAIN], ["reading ahead", AHEAD], ["tuned", TUNED]] as const).map(([short, name]) => {
        const peer = contenders.find((contender) => contender.name === name);
        return { column: `times Node, ${short}`, seconds: peer === undefined ? undefined : secondsOf(peer) };
      });
      const ratios = (seconds?: number): Row =>
        Object.fromEntries(peers.map((peer) => [peer.column, peer.seconds === undefined || seconds === undefined ? "" : round(peer.seconds / seconds, 2)]));
      const compared = contenders.map((contender): Row => {
        const seconds = secondsOf(contender);
        return {
          what: contender.name,
          workers: contender.workers,
          seconds: round(seconds, 2),
          "µs a bar": round((seconds / bars) * 1e6, 2),
          ...ratios(seconds),
          "processor s": round(median(contender.rounds.map(({ cpu }) => cpu)), 1),
          "memory MB": round(Math.max(...contender.rounds.map(({ memory }) => memory)) / 1e6, 0),
        };
      });
      const publishedBars = INSTRUMENTS * BARS_EACH;
      const lines = published.map(({ what, workers, seconds }): Row => ({
        what, workers, seconds: round((seconds * bars) / publishedBars, 2), "µs a bar": round((seconds / publishedBars) * 1e6, 2),
        ...ratios(), "processor s": "", "memory MB": "",
      }));
      const buffers = await value<string>(admin, "select current_setting('shared_buffers')");
      notes.push(
        "processor s: the server, and the process of the pipeline. memory: the most that its processes held for themselves; the server's shared buffers " +
          `(${buffers}) are in none of the figures. times Node: how many times as fast. Node, plain: rows as objects, COPY as text, one thing after the other; ` +
          "reading ahead: the next instrument is read while one is written, on a second core; tuned: COPY in binary both ways, reading and writing at once.",
      );
      if (bars !== publishedBars) notes.push(`The published times are for ${count(publishedBars)} bars and are scaled to ${count(bars)} here.`);

      const tables = [
        { title: "on disk", rows: await sizes(admin, installed("@duckdb/node-api") ? target : undefined) },
        { title: "values that others computed, 5 instruments", rows: await progress.run("agreement", () => differences(admin, ids, target)) },
        { title: "where the time of one worker goes", rows: await breakdown(context, admin, ids, { bars, seconds: secondsOf(ours), cpu: median(ours.rounds.map(({ cpu }) => cpu)) }) },
        { title: "cost per bar of one series", rows: await costPerBar(context, admin, worker) },
      ];
      const wide = await alpha158(context, admin, worker);
      if (typeof wide === "string") notes.push(wide);
      else tables.push({ title: "alpha158", rows: wide });
      return {
        rows: [...compared, ...lines],
        tables,
        notes,
        raw: contenders.flatMap(({ name, workers, rounds: all }) =>
          all.map(({ seconds, cpu, memory }, i): Row => ({ what: name, workers, round: i + 1, seconds, processor_seconds: cpu, memory_bytes: memory })),
        ),
      };
    });
  } finally {
    await worker.end();
  }
}

const PLAIN = "Node, plain: pg, TA-Lib, COPY";
const AHEAD = "Node, reading ahead: pg, TA-Lib, COPY";
const TUNED = "Node, tuned: COPY, TA-Lib, COPY";

/** The work of `marketbase features compute`: marks, plan, pieces; lineage by triggers. */
async function compute(admin: pg.ClientBase, worker: pg.Pool, workers: number): Promise<{ seconds: number }> {
  await emptyVectors(admin);
  const runId = await value<string>(worker, "select pipeline.start_run('features', 'features')::text");
  const begun = performance.now();
  const silent = { total: () => undefined, advance: () => undefined, note: () => undefined, done: () => undefined, failed: () => undefined };
  const computed = await computeFeatures(worker, runId, silent, { workers, everything: true });
  const seconds = (performance.now() - begun) / 1_000;
  const failed = computed.find(({ error }) => error !== null);
  if (failed !== undefined) throw new Error(`${failed.symbol}: ${String(failed.error)}`);
  await worker.query("select pipeline.finish_run($1, $2, $3, '{}', 'benchmark')", [runId, computed.reduce((sum, { bars }) => sum + bars, 0), 0]);
  return { seconds };
}

/** All stored vectors by COPY in binary, as a program that trains would read them. */
async function read(admin: pg.ClientBase, pool: pg.Pool): Promise<{ seconds: number }> {
  // As the server does by itself within minutes: who reads a row first would otherwise note that it is valid.
  await admin.query("vacuum analyze feature.feature_vector");
  const client = await pool.connect();
  try {
    const begun = performance.now();
    const source = client.query(copyTo("copy feature.feature_vector (instrument_id, ts, values) to stdout (format binary)"));
    await pipeline(source, new Writable({ write: (_chunk, _encoding, done) => done() }));
    return { seconds: (performance.now() - begun) / 1_000 };
  } finally {
    client.release();
  }
}

/** Makes `set` the only one that is computed when bars change. */
export async function activateOnly(admin: pg.ClientBase, set: string): Promise<void> {
  await admin.query("select feature.activate_set(name, name = $1) from feature.feature_set", [set]);
}

async function sizes(admin: pg.ClientBase, parquet: string | undefined): Promise<Row[]> {
  const relations = await rows<{ relation: string; heap: number; all: number; bars: number }>(
    admin,
    `select relation, pg_table_size(relation::regclass)::float8 as heap, pg_total_relation_size(relation::regclass)::float8 as all
     from unnest('{market.price_data,feature.feature_vector,lineage.data_lineage}'::text[]) as relation`,
  );
  const { bars } = await one<{ bars: number }>(admin, "select count(*)::float8 as bars from feature.feature_vector");
  const line = (what: string, heap: number, all: number): Row => ({ what, "rows MB": round(heap / 1e6, 1), "with indexes MB": round(all / 1e6, 1), "bytes a bar": round(all / bars, 0) });
  const total = (key: "heap" | "all") => relations.reduce((sum, relation) => sum + relation[key], 0);
  return [
    ...relations.map(({ relation, heap, all }) => line(relation, heap, all)),
    line("in all", total("heap"), total("all")),
    ...(parquet !== undefined && existsSync(parquet) ? [line("DuckDB's Parquet file of the vectors", statSync(parquet).size, statSync(parquet).size)] : []),
  ];
}

function installed(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

function secondsOf({ rounds }: Contender): number {
  return median(rounds.map(({ seconds }) => seconds));
}

function round(number: number, digits: number): number {
  return Number(number.toFixed(digits));
}
