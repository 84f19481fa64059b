import { compareHeads, readHeads } from "../audit/heads.ts";
import { sealAll } from "../audit/seal.ts";
import { verify } from "../audit/verify.ts";
import { withConnection } from "../database/connect.ts";
import { createPool, one, value } from "../database/pool.ts";
import { silentProgress } from "../output/progress.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { serverSeconds } from "./machine.ts";

const ROWS = 1_000_000;
const NEW_ROWS = 10_000;
const FEATURES = 158;

/** The audit chain: how fast rows are sealed and verified by one backend, and how much it takes of the disk. */
export const benchmark: Benchmark = { name: "audit", summary: "seal rows in the audit chain and verify them, beside hashing them and nothing else", run };

async function run({ database, progress, scale, full, serverPid }: BenchmarkContext): Promise<BenchmarkResult> {
  const worker = createPool(database.urlFor("worker"), { name: "marketbase bench", max: 1 });
  const auditor = createPool(database.urlFor("auditor"), { name: "marketbase bench", max: 1 });
  try {
    return await withConnection(database.urlFor("admin"), async (admin) => {
      await admin.query("set session_replication_role to replica");
      await admin.query("insert into market.instrument (symbol, mic) values ('BENCH', 'XNYS')");
      let stored = 0;
      const store = async (bars: number, age = "0") => {
        await admin.query(
          `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, recorded_at, provider, raw_response_id, run_id)
           select 1 + n / 5000, '1d', day::timestamp at time zone 'UTC', day, price, price + 1, price - 1, price + random() - 0.5, round(random() * 1e6), day + interval '1 day', now() - $3::interval, 'bench', 1, 1
           from generate_series($1::bigint, $2::bigint) as n
           cross join lateral (select date '1990-01-01' + (n % 5000)::integer as day, 100 + random() as price where n is not null) as drawn`,
          [stored, stored + bars - 1, age],
        );
        stored += bars;
      };
      const measured: Row[] = [];
      const measure = async (what: string, rows: number, work: () => Promise<unknown>) => {
        await admin.query("checkpoint");
        const cpu = serverSeconds(serverPid);
        const begun = performance.now();
        await work();
        const seconds = (performance.now() - begun) / 1_000;
        const processor = serverSeconds(serverPid) - cpu;
        measured.push({
          what, rows, seconds: round(seconds, 2), "processor s": round(processor, 1),
          "rows a second": rows === 0 ? "" : Math.round(rows / seconds), "µs a row": rows === 0 ? "" : round((processor / rows) * 1e6, 2),
        });
      };
      const silent = () => silentProgress().step("bench");
      const seal = async (expected: number) => {
        const found = (await sealAll(worker, silent())).reduce((sum, { row_count }) => sum + row_count, 0);
        if (found !== expected) throw new Error(`${found} rows were sealed instead of ${expected}`);
      };
      const verifyAll = async (since?: string) => {
        const { findings } = await verify(auditor, silent(), { since });
        if (findings.length > 0) throw new Error(`nobody changed anything, and yet: ${findings[0]?.message ?? ""}`);
      };
      const size = () => value<number>(admin, "select (pg_total_relation_size('lineage.audit_block') + pg_total_relation_size('lineage.audit_leaf'))::float8");
      const sizes: Row[] = [];
      const bars = Math.max(NEW_ROWS, Math.round((full ? 10 : 1) * ROWS * scale));
      const vectors = Math.max(1_000, Math.round(0.05 * ROWS * scale));
      await sealAll(worker, silent());

      await progress.run("generate bars", () => store(bars, "1 hour"), () => `${bars} bars`);
      await admin.query("vacuum analyze market.price_data");
      const before = await size();
      await progress.run("bars", async (step) => {
        const columns = await one<{ hash: string }>(admin, "select lineage.audit_row_hash(columns, column_types) as hash from lineage.audit_stream where stream = 'market.price_data'");
        await admin.query("set max_parallel_workers_per_gather to 0");
        await measure("read and hash bars, and nothing else", bars, () => admin.query(`select count(${columns.hash}) from market.price_data as r`));
        step.note("seal");
        await measure("seal bars", bars, () => seal(bars));
        const used = (await size()) - before;
        sizes.push({ what: "market.price_data", rows: bars, "chain MB": round(used / 1e6, 1), "bytes a row": round(used / bars, 1) });
        step.note("verify");
        await measure("verify bars", bars, () => verifyAll());
      });
      await progress.run("new bars", async () => {
        const heads = await readHeads(auditor);
        const next = String((heads.heads[0]?.block_no ?? 0) + 1);
        await store(NEW_ROWS);
        await measure(`seal ${NEW_ROWS} new bars beside them`, NEW_ROWS, () => seal(NEW_ROWS));
        await measure("verify the new bars only", NEW_ROWS, () => verifyAll(next));
        await measure("seal when nothing is new", 0, () => seal(0));
        if ((await compareHeads(auditor, heads)).length > 0) throw new Error("the chain does not go on from its head");
      });
      await progress.run("vectors", async () => {
        await admin.query(
          `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
           select 1, 1, '1990-01-01Z'::timestamptz + n * interval '1 hour', array(select random() from generate_series(1, $2::integer) where n is not null), now(), 1
           from generate_series(1, $1::integer) as n`,
          [vectors, FEATURES],
        );
        const start = await size();
        await measure(`seal vectors of ${FEATURES} features`, vectors, () => seal(vectors));
        const next = await value<string>(admin, "select max(block_no)::text from lineage.audit_block");
        await measure(`verify vectors of ${FEATURES} features`, vectors, () => verifyAll(next));
        const used = (await size()) - start;
        sizes.push({ what: `feature.feature_vector, ${FEATURES} features`, rows: vectors, "chain MB": round(used / 1e6, 1), "bytes a row": round(used / vectors, 1) });
      });
      return {
        rows: measured,
        tables: [{ title: "the chain on disk", rows: sizes }],
        notes: ["One backend. A seal finds new rows by an index; a verification of new rows only reads each table once more, to find rows with a false time. --full seals and verifies ten million bars."],
        raw: measured,
      };
    });
  } finally {
    await worker.end();
    await auditor.end();
  }
}

function round(number: number, digits: number): number {
  return Number(number.toFixed(digits));
}
