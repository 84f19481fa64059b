import type pg from "pg";
import { one, value } from "../../database/pool.ts";
import type { BenchmarkContext, Row } from "../benchmark.ts";
import { processorSeconds } from "../machine.ts";

/** As many bars as a piece of work has. */
const PIECE = 100_000;

/** What the whole took, for all bars. */
interface Whole {
  readonly bars: number;
  readonly seconds: number;
  /** Processor time of all processes of the server; NaN where the system does not say. */
  readonly cpu: number;
}

/**
 * Where the time of computing and storing goes: its parts run by themselves over the bars of one piece, each the best of several times and undone
 * afterwards; a part is the difference to the one before it. It is processor time where the system says that, because other programs disturb it less.
 * What the whole took beyond the parts stands below them.
 */
export async function breakdown(context: BenchmarkContext, admin: pg.ClientBase, ids: readonly number[], { bars, seconds, cpu }: Whole): Promise<Row[]> {
  const chosen = ids.slice(0, Math.max(1, Math.floor((PIECE * ids.length) / bars)));
  const spans = [chosen, chosen.map(() => null), chosen.map(() => null)];
  const set = await one<{ compiled_sql: string; lookback: number; version: string; run: string }>(
    admin,
    `select compiled_sql, lookback, feature_set_version_id::text as version, (select max(run_id) from pipeline.pipeline_run)::text as run from feature.current_set('qlib14')`,
  );
  const columns = "(instrument_id, feature_set_version_id, ts, values, known_from, run_id)";
  const computed = `select instrument_id, $4::bigint, ts, values, known_from, $5::bigint from (${set.compiled_sql}) as computed`;
  // The same table and keys, but nothing that fires; it is undone with the rest.
  const bare = "create table bench.bare_vector (like feature.feature_vector including all)";
  const stored = [...spans, set.version, set.run];

  const pid = await value<number>(admin, "select pg_backend_pid()");
  const now = () => processorSeconds(pid) ?? performance.now() / 1_000;
  const time = async (sql: string, values: readonly unknown[], before: readonly (readonly [string, readonly unknown[]])[] = []) => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < Math.max(3, context.rounds); i++) {
      await admin.query("begin");
      try {
        for (const [text, parameters] of before) await admin.query(text, [...parameters]);
        const begun = now();
        await admin.query(sql, [...values]);
        best = Math.min(best, now() - begun);
      } finally {
        await admin.query("rollback");
      }
    }
    return best;
  };
  return await context.progress.run("breakdown", async () => {
    const measured = Number(await value<number>(admin, "select count(*)::float8 from market.price_data where instrument_id = any ($1)", [chosen]));
    const read = await time("select count(close + open + high + low + volume) from market.price_data where bar_interval = '1d' and instrument_id = any ($1)", [chosen]);
    const known = await time("select count(close), max(known_from) from feature.known_bars($1, '1d', $4, $2, $3)", [...spans, set.lookback]);
    const windows = await time(`select count(values), max(known_from) from (${set.compiled_sql}) as computed`, spans);
    const rows = await time(`insert into bench.bare_vector ${columns} ${computed}`, stored, [[bare, []]]);
    // A new file for the table, until it is undone: rows that were there before would make the keys dearer.
    const empty: [string, unknown[]][] = [["set local session_replication_role to replica", []], ["truncate feature.feature_vector", []], ["set local session_replication_role to origin", []]];
    const triggers = await time(`insert into feature.feature_vector ${columns} ${computed}`, stored, empty);
    const whole = await time("select count(*) from feature.compute($1, 'qlib14', $2, $3, $4)", [set.run, ...spans], empty);
    const parts: [what: string, seconds: number][] = [
      ["read the bars", read],
      ["when each window was known, order", known - read],
      ["windows and arithmetic", windows - known],
      ["store rows and key", rows - windows],
      ["lineage and marks (triggers)", triggers - rows],
      ["feature.compute: checks, counts", whole - triggers],
    ];
    const perBar = (part: number) => (part / measured) * 1e6;
    const inAll = (seconds / bars) * 1e6;
    const busy = Number.isNaN(cpu) ? inAll : (cpu / bars) * 1e6;
    const lines: [what: string, micro: number][] = [
      ...parts.map(([what, part]): [string, number] => [what, perBar(part)]),
      ["plan, commits, writing in the background", busy - perBar(whole)],
      ...(Number.isNaN(cpu) ? [] : [["waiting: disk, other programs", inAll - busy] as [string, number]]),
      ["in all", inAll],
    ];
    return lines.map(([part, micro]) => ({ part, "µs a bar": Number(micro.toFixed(2)), share: `${((micro / inAll) * 100).toFixed(0)}%` }));
  });
}
