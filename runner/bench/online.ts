import { spawnSync } from "node:child_process";
import { createPool } from "../database/pool.ts";
import type { Purpose } from "../database/connections.ts";
import { startGraphqlServer } from "../graphql/server.ts";
import { openPublisher } from "../online/publish.ts";
import { startRedisServer } from "../testing/redis-server.ts";
import { quantile, runLoad } from "./load/open-loop.ts";

/** What a benchmark is given. */
interface Context {
  readonly database: { urlFor(purpose: Purpose): string };
  /** A Redis to use; a server of its own is started where it is left out. */
  readonly redisUrl?: string | undefined;
  readonly progress?: { info(message: string): void } | undefined;
  /** Seconds for each line; default 20. */
  readonly seconds?: number | undefined;
}

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

/** Latency of `GET /features/<set>` over HTTP, keep-alive, from Redis and from PostgreSQL. */
export const benchmark = {
  name: "online",
  summary: `Latency of the newest features over HTTP at ${PER_SECOND} requests a second, from Redis and without it`,
  async run({ database, redisUrl, progress, seconds = 20 }: Context): Promise<{ rows: Record<string, string | number>[] }> {
    const owner = createPool(database.urlFor("migrator"), { max: 2, name: "marketbase bench" });
    const worker = createPool(database.urlFor("worker"), { max: 2, name: "marketbase bench" });
    const redis = redisUrl === undefined && spawnSync("redis-server", ["--version"]).status === 0 ? await startRedisServer() : undefined;
    const url = redisUrl ?? redis?.url;
    try {
      const { rowCount } = await owner.query("select from feature.feature_set where name = 'bench_wide'");
      if (rowCount === 0) {
        await owner.query("insert into market.exchange (mic, name, time_zone, country) values ('XBEN', 'Benchmark', 'UTC', 'US') on conflict do nothing");
        await owner.query(seedQuery);
        await owner.query("vacuum analyze feature.feature_vector");
      }
      const rows: Record<string, string | number>[] = [];
      for (const source of url === undefined ? ["postgresql"] : ["redis", "postgresql"]) {
        if (source === "redis" && url !== undefined) {
          const publisher = openPublisher(worker, url, (message) => progress?.info(message));
          await publisher.sweep();
          publisher.close();
        }
        const server = await startGraphqlServer({
          urlFor: database.urlFor,
          config: { host: "127.0.0.1", port: 0, redisUrl: source === "redis" ? url : undefined },
          port: "0",
          onMessage: (message) => progress?.info(message),
        });
        try {
          for (const { set, features, instruments, limit } of shapes) {
            const symbols = Array.from({ length: instruments }, (_, i) => `BENCH${i + 1}`).join(",");
            progress?.info(`${instruments} x ${features} from ${source}: ${PER_SECOND} requests a second for ${seconds} s`);
            const found = await runLoad({
              host: "127.0.0.1", port: server.port, path: `/features/${set}?symbols=${symbols}`,
              perSecond: PER_SECOND, warmUpSeconds: 3, seconds, connections: CONNECTIONS, seed: 42,
            });
            rows.push({
              shape: `${instruments} x ${features}`,
              source,
              requests: found.milliseconds.length,
              "requests/s": PER_SECOND,
              "answer KB": round(found.bytes / found.milliseconds.length / 1000),
              "p50 ms": round(quantile(found.milliseconds, 0.5)),
              "p99 ms": round(quantile(found.milliseconds, 0.99)),
              "max ms": round(found.milliseconds.at(-1) ?? Number.NaN),
              "line to pass, p99 ms": limit,
              "sent late, p99 ms": round(quantile(found.late, 0.99)),
              answers: Object.entries(found.answers).map(([what, count]) => `${count} ${what}`).join(", "),
            });
          }
        } finally {
          await server.close();
        }
      }
      return { rows };
    } finally {
      await redis?.stop();
      await worker.end();
      await owner.end();
    }
  },
};

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
