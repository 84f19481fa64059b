import { EXIT, UserError, type ExitCode } from "../../config/user-error.ts";
import { decision, decisionOptions } from "../decision.ts";
import type { Command } from "../command.ts";

interface Accepted extends Record<string, unknown> {
  readonly run_id: number;
  readonly outcome: string;
  readonly row_count: number;
  readonly new_count: number;
  readonly changed_count: number;
  readonly message: string | null;
  /** Bars that the body no longer holds. */
  readonly withdrawn_count: number;
}

/** `marketbase ingest accept`: a person releases a restatement. */
const command: Command = {
  name: "ingest accept",
  summary: "Take in a restatement that was held back",
  usage: "ID --by NAME --reason TEXT",
  details: "ID is the number of the raw response, as marketbase ingest held lists it. Name and reason stay with the run that each new version and each edge of the lineage names.",
  examples: [['marketbase ingest accept 17 --by "Ada Lovelace" --reason "2-for-1 split of 10 June, confirmed by the exchange"', "the body 17"]],
  options: decisionOptions,
  arguments: { min: 1, max: 1 },
  async run(context): Promise<ExitCode> {
    const { args: [id = ""], print, progress } = context;
    if (!/^\d{1,18}$/.test(id)) throw new UserError(`${id} is not the number of a raw response.`, { exitCode: EXIT.usage, hint: "marketbase ingest held lists those that wait." });
    const { by, reason } = decision(context);
    const { one } = await import("../../database/pool.ts");
    const { transaction } = await import("../../database/transaction.ts");
    const { count } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    // As the owner: no worker takes bars back.
    return await withPool(context, "marketbase ingest accept", "migrator", 1, async (pool) => {
      const accepted = await progress.run(`accept raw response ${id}`, () =>
        transaction(pool, async (client) => {
          const taken = await one<Omit<Accepted, "withdrawn_count">>(
            client,
            `select run_id::float8, outcome, row_count::float8, new_count::float8, changed_count::float8, message
             from pipeline.accept_held($1, $2, $3)`,
            [id, by, reason],
          );
          const [withdrawn] = (await client.query<{ count: number }>(
            "select coalesce(sum(row_count), 0)::float8 as count from lineage.data_lineage where run_id = $1 and operation = 'delete'", [taken.run_id])).rows;
          return { ...taken, withdrawn_count: withdrawn?.count ?? 0 } as Accepted;
        }),
      );
      const changed = accepted.changed_count - accepted.new_count;
      print(
        accepted.outcome === "normalised"
          ? `run ${accepted.run_id}: ${count(changed)} rows have a new version, ${count(accepted.new_count)} are new${accepted.withdrawn_count > 0 ? `, ${count(accepted.withdrawn_count)} are gone` : ""}`
          : `run ${accepted.run_id}: ${accepted.outcome}: ${accepted.message ?? ""}`,
        { raw_response_id: Number(id), by, reason, ...accepted },
      );
      return accepted.outcome === "normalised" ? EXIT.ok : EXIT.failed;
    });
  },
};

export default command;
