import { EXIT } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase features compute`: the sets, where bars changed. */
const command: Command = {
  name: "features compute",
  summary: "Compute the feature sets where bars changed",
  usage: "[SET…] [--workers N] [--all]",
  details:
    "Only what depends on a changed bar is computed again. A set that is named is activated: it is computed from now on whenever bars change; the others are those that are active.\n" +
    "Work is done in pieces, each in a transaction of its own: what is finished stays, and what a crash leaves undone is taken up by the next call. An instrument that cannot be computed is named and does not stop the others.",
  examples: [
    ["marketbase features compute", "compute what is out of date"],
    ["marketbase features compute alpha158 --workers 2", "activate alpha158 and compute it, two pieces at a time"],
    ["marketbase features compute --all", "compute everything again; equal values change nothing"],
  ],
  arguments: { min: 0, max: 20 },
  options: {
    all: { type: "boolean", description: "take every bar, not only those that depend on a change" },
    workers: { type: "string", value: "N", description: "pieces at a time, 1 to 16 (default: 1)" },
  },
  async run(context) {
    const { computeFeatures } = await import("../../features/compute.ts");
    const { withPool } = await import("../with-pool.ts");
    const { positiveInteger } = await import("../positive-integer.ts");
    const { failRun } = await import("../../flow/fail-run.ts");
    const { value } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const workers = positiveInteger("--workers", context.option("workers") ?? "1", 16);

    return await withPool(context, "marketbase features compute", "worker", workers + 1, async (pool) => {
      for (const set of context.args) await pool.query("select feature.activate_set($1)", [set]);
      const runId = await value<string>(pool, "select pipeline.start_run('features', 'features')::text");
      const begun = performance.now();
      let computed;
      try {
        computed = await context.progress.run("features", (step) =>
          computeFeatures(pool, runId, step, { workers, everything: context.flag("all"), signal: context.signal }),
        );
      } catch (error) {
        await failRun(pool, runId, error);
        throw error;
      }
      const seconds = (performance.now() - begun) / 1000;

      const sets = [...Map.groupBy(computed, (one) => `${one.feature_set}@${one.version}`)].map(([set, of]) => ({
        set,
        instruments: new Set(of.map((one) => one.symbol)).size,
        bars: of.reduce((sum, one) => sum + one.bars, 0),
        vectors_changed: of.reduce((sum, one) => sum + one.rows_changed, 0),
        failed: of.filter((one) => one.error !== null).length,
      }));
      const failures = computed.filter((one) => one.error !== null).map(({ feature_set, symbol, error }) => ({ set: feature_set, symbol, error }));
      const changed = sets.reduce((sum, one) => sum + one.vectors_changed, 0);
      const bars = sets.reduce((sum, one) => sum + one.bars, 0);
      const message = bars === 0 ? "no bar changed" : `${count(changed)} vectors changed`;
      await pool.query("select pipeline.finish_run($1, $2, $3, $4, $5)", [runId, bars, changed, JSON.stringify({ sets, failures }), message]);

      const text = [
        ...(sets.length === 0
          ? []
          : [table(["set", "instruments", "bars", "vectors changed", "failed"], sets.map((one) => [one.set, count(one.instruments), count(one.bars), count(one.vectors_changed), one.failed]))]),
        ...failures.map(({ set, symbol, error }) => `not computed: ${symbol}, ${set}: ${error ?? ""}`),
        `run ${runId}: ${message}${bars > 0 ? ` in ${seconds.toFixed(1)} s, ${count(Math.round(bars / seconds))} bars a second` : ""}`,
      ];
      context.print(text.join("\n"), { run: Number(runId), bars, vectors_changed: changed, seconds: Number(seconds.toFixed(3)), sets, failures });
      return failures.length > 0 ? EXIT.findings : context.signal.aborted ? EXIT.tryAgain : EXIT.ok;
    });
  },
};

export default command;
