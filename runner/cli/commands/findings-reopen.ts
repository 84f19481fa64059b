import { decision, decisionOptions, findingIds } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase findings reopen`: takes an acknowledgement or a resolution back. */
const command: Command = {
  name: "findings reopen",
  summary: "Take back that findings are acknowledged or resolved",
  usage: "ID… --by NAME --reason TEXT",
  details: "The next look decides about them again. All or none of them; who and why is kept.",
  examples: [['marketbase findings reopen 17 --by Ada --reason "it was no halt after all"', "the finding 17"]],
  options: decisionOptions,
  arguments: { min: 1, max: 1000 },
  async run(context) {
    const ids = findingIds(context.args);
    const { by, reason } = decision(context);
    const { rows } = await import("../../database/pool.ts");
    const { transaction } = await import("../../database/transaction.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase findings reopen", "worker", 1, async (pool) => {
      const events = await transaction(pool, (client) =>
        rows<{ finding_id: number } & Record<string, unknown>>(
          client,
          "select finding_id::float8, event, decided_by, reason, recorded_at from quality.reopen($1, $2, $3)",
          [ids, by, reason],
        ),
      );
      context.print(events.map(({ finding_id }) => `finding ${finding_id} is reopened`).join("\n"), events);
    });
  },
};

export default command;
