import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { repositoryRoot } from "../config/config.ts";
import { withConnection } from "../database/connect.ts";
import { createPool, rows, value } from "../database/pool.ts";
import { count } from "../output/table.ts";
import { landFile } from "../providers/csv.ts";
import { ingestAll } from "../providers/normalise.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { randomBars } from "./features/bars.ts";
import { median, serverSeconds, watchMemory, type Memory } from "./machine.ts";

/** Five years of the S&P 500, where that file lies beside the checkout. */
const realFile = join(repositoryRoot, "../shared/data/prices/sp500_5yr.csv.gz");
const SYMBOLS = 505;
const BARS_EACH = 1_226;

/** Taking in bars: a CSV file beside PostgreSQL's own COPY of it, and bodies of JSON that have been landed. */
export const benchmark: Benchmark = { name: "ingest", summary: "take in bars from CSV and from landed JSON, beside COPY of the same file into a bare table", run };

async function run({ database, folder, progress, rounds, scale, full, serverPid }: BenchmarkContext): Promise<BenchmarkResult> {
  const worker = createPool(database.urlFor("worker"), { name: "marketbase bench", max: 2 });
  try {
    return await withConnection(database.urlFor("admin"), async (admin) => {
      const file = join(folder, "bars.csv");
      const isReal = existsSync(realFile) && scale === 1;
      const bars = await progress.run("file of bars", () => (isReal ? unpack(file) : write(file, Math.max(2, Math.round(SYMBOLS * scale)))), (lines) => `${count(lines)} bars`);
      await admin.query("create schema bench");
      await admin.query("create table bench.bar (date date, open float8, high float8, low float8, close float8, volume float8, name text, primary key (name, date))");

      const copy = async () => {
        await admin.query("truncate bench.bar");
        return await timed(() => pipeline(createReadStream(file), admin.query(copyFrom("copy bench.bar from stdin with (format csv, header true)"))));
      };
      const take = (path: string) => async () => {
        await emptyBars(admin);
        return await timed(() => importFile(worker, path));
      };
      const json = async () => {
        await emptyBars(admin);
        const bodies = await landJson(admin);
        return await timed(async () => {
          for (const { id, runId } of bodies) await worker.query("select pipeline.normalise_response($1, $2)", [runId, id]);
        });
      };
      const contenders = [
        { what: "COPY of the CSV into a bare table with the same key", run: copy },
        { what: "marketbase import of the CSV", run: take(file) },
        { what: "marketbase, landed JSON (Yahoo's chart), a body for each symbol", run: json },
      ].map((one) => ({ ...one, rounds: [] as { seconds: number; cpu: number; memory: Memory }[] }));
      const measure = async (work: () => Promise<number>) => {
        await admin.query("checkpoint");
        const before = serverSeconds(serverPid);
        const memory = watchMemory(serverPid);
        const seconds = await work();
        return { seconds, cpu: serverSeconds(serverPid) - before, memory: memory.stop() };
      };
      await progress.run("rounds", async (step) => {
        step.total(rounds * contenders.length);
        for (let round = 1; round <= rounds; round++) {
          for (const contender of contenders) {
            step.note(`round ${round}: ${contender.what}`);
            contender.rounds.push(await measure(contender.run));
            step.advance();
          }
        }
      });
      const line = median((contenders[0] as (typeof contenders)[number]).rounds.map(({ seconds }) => seconds));
      const found = contenders.map(({ what, rounds: all }): Row => {
        const seconds = median(all.map((one) => one.seconds));
        return {
          what,
          bars,
          seconds: round(seconds, 2),
          "bars a second": Math.round(bars / seconds),
          "share of COPY's speed": round(line / seconds, 3),
          "processor s": round(median(all.map(({ cpu }) => cpu)), 1),
          ...megabytes(all.map(({ memory }) => memory)),
        };
      });

      const tables = [{ title: "where the time of the CSV goes", rows: await progress.run("parts", () => parts(admin, worker, file)) }];
      if (full) {
        // Eight times as large: what is held in memory must not follow.
        const large = join(folder, "large.csv");
        const lines = await progress.run("file eight times as large", () => write(large, 8 * SYMBOLS), (number) => `${count(number)} bars`);
        const { seconds, cpu, memory } = await progress.run("import of the large file", () => measure(take(large)));
        found.push({
          what: "marketbase import of a file eight times as large", bars: lines, seconds: round(seconds, 2), "bars a second": Math.round(lines / seconds),
          "share of COPY's speed": "", "processor s": round(cpu, 1), ...megabytes([memory]),
        });
      }
      return {
        rows: found,
        tables,
        notes: [
          isReal ? "The bars: S&P 500, five years, as they came, with their errors." : "The bars are generated from a seed.",
          "COPY checks nothing, keeps neither the bytes nor versions nor lineage. server MB: the most that its processes held for themselves, without shared buffers; Node MB: the resident set of the process that imports.",
        ],
        raw: contenders.flatMap(({ what, rounds: all }) => all.map((one, i): Row => ({ what, round: i + 1, seconds: one.seconds, processor_seconds: one.cpu, server_bytes: one.memory.server, node_bytes: one.memory.own }))),
      };
    });
  } finally {
    await worker.end();
  }
}

/** What `marketbase import` does with a file. */
async function importFile(worker: pg.Pool, path: string): Promise<void> {
  const parameters = { provider: "csv", dataset: "bars", file: "bars.csv" };
  const item = { subject: "bars.csv", parameters, land: (runId: string) => landFile(worker, { runId, dataset: "bars", path }) };
  const results = await ingestAll(worker, parameters, [item], { signal: new AbortController().signal, onItem: (_item, work) => work() });
  const [result] = results;
  if (result?.outcome.outcome !== "normalised") throw new Error(`The file was refused: ${result?.outcome.message ?? ""}`);
}

/** The parts of one import, each by itself; undone afterwards. */
async function parts(admin: pg.ClientBase, worker: pg.Pool, path: string): Promise<Row[]> {
  await emptyBars(admin);
  const runId = await value<string>(worker, "select pipeline.start_run('ingest', 'fetch')::text");
  let body = "";
  const landing = await timed(async () => {
    body = (await landFile(worker, { runId, dataset: "bars", path })).rawResponseId;
  });
  const steps: [what: string, sql: string, values: unknown[]][] = [
    ["read the lines into candidates", "select ingest.read_bars_csv($1)", [body]],
    ["judge them by the rules", "select count(*) from quality.validate_candidates($1, $2)", [runId, body]],
    ["store them as bars, with versions, marks and lineage", "select ingest.accept_bars($1, $2)", [runId, body]],
  ];
  const times: [string, number][] = [["land the bytes", landing]];
  await admin.query("begin");
  try {
    for (const [what, sql, values] of steps) {
      times.push([what, await timed(() => admin.query(sql, values))]);
      if (/judge/.test(what)) {
        await admin.query(
          `delete from ingest.candidate_bar
           where num_nulls(ts, open, high, low, close, volume, instrument_id) > 0 or high < low or open not between low and high or close not between low and high`,
        );
      }
    }
  } finally {
    await admin.query("rollback");
  }
  const whole = times.reduce((sum, [, seconds]) => sum + seconds, 0);
  return times.map(([what, seconds]) => ({ what, seconds: round(seconds, 2), share: `${Math.round((seconds / whole) * 100)}%` }));
}

/** The bars of the file as bodies like those of Yahoo's chart, landed. */
async function landJson(admin: pg.ClientBase): Promise<{ id: string; runId: string }[]> {
  const runId = await value<string>(admin, "select pipeline.start_run('ingest', 'normalise')::text");
  return await rows<{ id: string; runId: string }>(
    admin,
    `with series as (
       select bar.name, jsonb_build_object('chart', jsonb_build_object('error', null, 'result', jsonb_build_array(jsonb_build_object(
         'meta', jsonb_build_object(
           'symbol', bar.name, 'currency', 'USD', 'instrumentType', 'EQUITY', 'exchangeName', 'NYQ', 'fullExchangeName', 'NYSE', 'gmtoffset', -18000,
           'timezone', 'EST', 'exchangeTimezoneName', 'America/New_York', 'dataGranularity', '1d', 'range', '', 'priceHint', 2
         ),
         'timestamp', jsonb_agg(extract(epoch from (bar.date + time '09:30') at time zone 'America/New_York')::bigint order by bar.date),
         'indicators', jsonb_build_object(
           'quote', jsonb_build_array(jsonb_build_object(
             'open', jsonb_agg(bar.open order by bar.date), 'high', jsonb_agg(bar.high order by bar.date), 'low', jsonb_agg(bar.low order by bar.date),
             'close', jsonb_agg(bar.close order by bar.date), 'volume', jsonb_agg(bar.volume order by bar.date)
           )),
           'adjclose', jsonb_build_array(jsonb_build_object('adjclose', jsonb_agg(bar.close order by bar.date)))
         )
       )))) as chart
       from bench.bar as bar
       group by bar.name
     )
     select landed.raw_response_id::text as id, $1::text as "runId"
     from series
     cross join lateral ingest.land(
       $1::bigint, 'yahoo', 'bars', series.name, 'https://query2.finance.yahoo.com/v8/finance/chart/' || series.name || '?interval=1d', 'GET', 200, '{}',
       'application/json', convert_to(series.chart::text, 'UTF8'), now()
     ) as landed
     order by series.name`,
    [runId],
  );
}

/** Throws away bars, bodies and what hangs on them; the tables are as new. */
async function emptyBars(admin: pg.ClientBase): Promise<void> {
  await admin.query("set session_replication_role to replica");
  await admin.query("truncate ingest.raw_response, ingest.candidate_bar, market.price_data, quality.validation_result, lineage.data_lineage, pipeline.stale_range, market.instrument cascade");
  await admin.query("reset session_replication_role");
}

async function unpack(target: string): Promise<number> {
  let lines = 0;
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
      yield chunk;
    }
  };
  await pipeline(createReadStream(realFile), createGunzip(), counted, createWriteStream(target));
  return lines - 1;
}

/** Writes a CSV of daily bars from a seed; gives their number. */
async function write(target: string, symbols: number): Promise<number> {
  function* text(): Generator<string> {
    yield "date,open,high,low,close,volume,Name\n";
    for (let index = 0; index < symbols; index++) {
      const { ts, open, high, low, close, volume } = randomBars(index, BARS_EACH);
      yield Array.from(ts, (begin, i) => `${new Date(begin).toISOString().slice(0, 10)},${open[i]},${high[i]},${low[i]},${close[i]},${volume[i]},BENCH${index + 1}\n`).join("");
    }
  }
  await pipeline(Readable.from(text()), createWriteStream(target));
  return symbols * BARS_EACH;
}

function megabytes(all: readonly Memory[]): Row {
  const most = (one: keyof Memory) => round(Math.max(...all.map((memory) => memory[one])) / 1e6, 0);
  return { "server MB": most("server"), "Node MB": most("own") };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1_000;
}

function round(number: number, digits: number): number {
  return Number(number.toFixed(digits));
}
