import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createPool } from "../database/pool.ts";
import { startGraphqlServer } from "../graphql/server.ts";
import { openPublisher } from "../online/publish.ts";
import { startRedisServer } from "../testing/redis-server.ts";
import type { Benchmark, BenchmarkContext, Row } from "./benchmark.ts";
import { quantile, runLoad, type LoadResult } from "./load/open-loop.ts";

/** Requests a second: the rate at which Feast publishes the latencies that are the lines to pass. */
const PER_SECOND = 100;
const CONNECTIONS = 16;

const shapes = [
  { set: "bench_wide", features: 250, instruments: 1, limit: 1.5 },
  { set: "bench_many", features: 50, instruments: 100, limit: 17 },
] as const;

/** A hundred instruments with thirty vectors each, of random doubles that take all their digits to write. */
const seedQuery = `
  with run as (
    insert into pipeline.pipeline_run (flow, step, status) values ('bench', 'bench', 'running') returning run_id
  ), instrument as (
    insert into market.instrument (symbol, mic)
    select 'BENCH' || n, (select mic from market.exchange order by mic limit 1) from generate_series(1, 100) as n
    returning instrument_id
  ), feature_set as (
    insert into feature.feature_set (name, description) values ('bench_wide', 'For the benchmark.'), ('bench_many', 'For the benchmark.')
    returning feature_set_id, name
  ), version as (
    insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql)
    select feature_set_id, 'bench', array(select 'feature_' || n from generate_series(1, case name when 'bench_wide' then 250 else 50 end) as n), '{}', ''
    from feature_set
    returning feature_set_version_id, cardinality(feature_names) as features
  )
  insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
  select
    instrument.instrument_id, version.feature_set_version_id, day, vector.values, day + interval '21 hours', run.run_id
  from run, instrument, version, generate_series('2026-01-01Z'::timestamptz, '2026-01-30Z', interval '1 day') as day
  cross join lateral (
    select array_agg((random() - 0.5) * 10 ^ (n % 5)) as values from generate_series(1, version.features) as n where instrument.instrument_id > 0 and day is not null
  ) as vector`;

/** Where answers come from: the memory of the server, Redis without it, PostgreSQL without either, and a server that has nothing to do but to send as many bytes. */
const sources = ["memory", "redis", "postgresql", "nowhere"] as const;

/** Latency of `GET /features/<set>` over HTTP, keep-alive, from each source; what it takes from nowhere is what this machine, HTTP and the load cost. */
export const benchmark: Benchmark = {
  name: "online",
  summary: `Latency of the newest features over HTTP at ${PER_SECOND} requests a second, from memory, Redis and PostgreSQL`,
  async run({ database, progress, scale }: BenchmarkContext) {
    const seconds = Math.max(3, Math.round(20 * scale));
    const owner = createPool(database.urlFor("migrator"), { max: 2, name: "marketbase bench" });
    const worker = createPool(database.urlFor("worker"), { max: 2, name: "marketbase bench" });
    const redis = spawnSync("redis-server", ["--version"]).status === 0 ? await startRedisServer() : undefined;
    const url = redis?.url;
    try {
      const { rowCount } = await owner.query("select from feature.feature_set where name = 'bench_wide'");
      if (rowCount === 0) {
        await owner.query("insert into market.exchange (mic, name, time_zone, country) values ('XBEN', 'Benchmark', 'UTC', 'US') on conflict do nothing");
        await owner.query(seedQuery);
        await owner.query("vacuum analyze feature.feature_vector");
      }
      if (url !== undefined) {
        const publisher = openPublisher(worker, url, (message) => progress.info(message));
        await publisher.sweep();
        publisher.close();
      }
      const rows: Row[] = [];
      const answerBytes = new Map<string, number>();
      for (const source of sources) {
        if (source === "redis" && url === undefined) continue;
        const server = source === "nowhere" ? await startConstant(answerBytes) : await startGraphqlServer({
          urlFor: database.urlFor,
          config: { host: "127.0.0.1", port: 0, redisUrl: source === "redis" ? url : undefined },
          port: "0",
          memoryBytes: source === "memory" ? undefined : 0,
          onMessage: (message) => progress.info(message),
        });
        try {
          for (const { set, features, instruments, limit } of shapes) {
            const symbols = Array.from({ length: instruments }, (_, i) => `BENCH${i + 1}`).join(",");
            progress.info(`${instruments} x ${features} from ${source}: ${PER_SECOND} requests a second for ${seconds} s`);
            const path = `/features/${set}?symbols=${symbols}`;
            const found = await runLoad({ host: "127.0.0.1", port: server.port, path, perSecond: PER_SECOND, warmUpSeconds: 10, seconds, connections: CONNECTIONS, seed: 42 });
            answerBytes.set(path, found.bytes / found.milliseconds.length);
            rows.push(describe(`${instruments} x ${features}`, source, source === "nowhere" ? undefined : limit, found));
          }
        } finally {
          await server.close();
        }
      }
      return { rows, ...(url === undefined ? { notes: ["redis-server is not installed: only the answers from PostgreSQL were measured."] } : {}) };
    } finally {
      await redis?.stop();
      await worker.end();
      await owner.end();
    }
  },
};

/** A server that answers each path with so many bytes. */
async function startConstant(answerBytes: ReadonlyMap<string, number>): Promise<{ port: number; close(): Promise<void> }> {
  const bodies = new Map([...answerBytes].map(([path, bytes]) => [path, Buffer.alloc(Math.round(bytes), " ")]));
  const server = createServer((request, response) => {
    const body = bodies.get(request.url ?? "") ?? Buffer.alloc(0);
    response.writeHead(200, { "content-length": body.length });
    response.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function describe(shape: string, source: string, limit: number | undefined, { milliseconds, bytes, late, answers }: LoadResult): Row {
  return {
    shape,
    source,
    requests: milliseconds.length,
    "requests/s": PER_SECOND,
    "answer KB": round(bytes / milliseconds.length / 1000),
    "p50 ms": round(quantile(milliseconds, 0.5)),
    "p99 ms": round(quantile(milliseconds, 0.99)),
    "max ms": round(milliseconds.at(-1) ?? Number.NaN),
    "line to pass, p99 ms": limit ?? "",
    "sent late, p99 ms": round(quantile(late, 0.99)),
    answers: Object.entries(answers).map(([what, count]) => `${count} ${what}`).join(", "),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
