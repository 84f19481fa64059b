import { EXIT, UserError } from "../../config/user-error.ts";
import { decision, decisionOptions } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase ingest release`: a person lets a row out of quarantine. */
const command: Command = {
  name: "ingest release",
  summary: "Take in a row that a critical rule put into quarantine",
  usage: "ID --by NAME --reason TEXT",
  details:
    "ID is the quarantine_id of ingest.quarantine. Only a bar or a fact that could be read and that fits into its table can be taken in. The row's lineage shows the release, with who and why;\n" +
    "the findings about it are acknowledged.",
  examples: [['marketbase ingest release 5 --by "Ada Lovelace" --reason "the exchange closed early that day"', "the row 5"]],
  options: decisionOptions,
  arguments: { min: 1, max: 1 },
  async run(context) {
    const [id = ""] = context.args;
    if (!/^\d{1,18}$/.test(id)) throw new UserError(`${id} is not the number of a row in quarantine.`, { exitCode: EXIT.usage, hint: "marketbase quarantine list shows them." });
    const { by, reason } = decision(context);
    const { one } = await import("../../database/pool.ts");
    const { transaction } = await import("../../database/transaction.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase ingest release", "worker", 1, async (pool) => {
      const released = await transaction(pool, (client) =>
        one<{ run_id: number; new_count: number; changed_count: number } & Record<string, unknown>>(
          client,
          "select quarantine_id::float8, run_id::float8, new_count::float8, changed_count::float8, decided_by, reason from pipeline.release_quarantined($1, $2, $3)",
          [id, by, reason],
        ),
      );
      const became = released.new_count > 0 ? "it is a new row" : released.changed_count > 0 ? "it is a new version" : "another body has the word: nothing changed";
      context.print(`run ${released.run_id}: released, ${became}`, released);
    });
  },
};

export default command;
