import type { CommandContext } from "../cli/command.ts";
import { EXIT, type ExitCode } from "../config/user-error.ts";
import { openDatabase } from "../database/open.ts";
import { createPool, one, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";
import { count } from "../output/table.ts";
import { failRun } from "./fail-run.ts";

interface Outcome {
  readonly run_id: number;
  readonly rows_read: number;
  readonly rows_written: number;
  readonly status: string;
  readonly summary: Record<string, unknown>;
  readonly message: string | null;
}

/** The consumer of `pipeline.stale_range` that a step serves, where `--all` makes sense. */
const consumers: Readonly<Record<string, string>> = { validate: "quality", features: "feature" };

/** Runs one step of the flow by itself, in this process, as a run of its own. Failed checks, and findings that held everything back, give exit status 3. */
export async function runSingleStep(context: CommandContext, step: string): Promise<ExitCode | void> {
  const database = await openDatabase(context.config, { what: `marketbase ${step}` });
  const pool = createPool(database.urlFor("worker"), { name: `marketbase ${step} ${process.pid}`, max: 2 });
  try {
    const runId = await value<string>(pool, "select pipeline.start_run($1, $1)::text", [step]);
    const outcome = await context.progress.run(
      step,
      async () => {
        try {
          return await transaction(pool, async (client) => {
            const consumer = consumers[step];
            if (consumer !== undefined && context.flag("all")) await client.query("select pipeline.mark_all_stale($1)", [consumer]);
            return await one<Outcome & Record<string, unknown>>(
              client,
              `select run_id::float8, status, rows_read::float8, rows_written::float8, summary, message from pipeline.run_step($1)`,
              [runId],
            );
          });
        } catch (error) {
          await failRun(pool, runId, error);
          throw error;
        }
      },
      ({ message }) => message ?? "",
    );
    context.print(`run ${outcome.run_id}: ${outcome.message ?? "done"} (${count(outcome.rows_written)} rows written)`, outcome);
    const alarming = outcome.summary["alarming"];
    if (outcome.status === "blocked") return EXIT.findings;
    return step === "validate" && typeof alarming === "number" && alarming > 0 ? EXIT.findings : EXIT.ok;
  } finally {
    await pool.end();
    await database.close();
  }
}
