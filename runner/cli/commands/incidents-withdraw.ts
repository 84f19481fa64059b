import { incidentId } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase incidents withdraw`: it was a mistake. */
const command: Command = {
  name: "incidents withdraw",
  summary: "Take back an incident that was a mistake",
  usage: "ID",
  details: "All its rows are judged again by the next validation, and what was masked is reopened. It stays on record, with who withdrew it; withdrawing twice changes nothing.",
  examples: [["marketbase incidents withdraw 3", "incident 3 masks nothing any more"]],
  arguments: { min: 1, max: 1 },
  options: {},
  async run(context) {
    const id = incidentId(context.args);
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase incidents withdraw", "author", 1, async (pool) => {
      const incident = await one<Record<string, unknown>>(
        pool,
        "select known_incident_id::float8, dataset, reason, withdrawn_by, withdrawn_at from quality.withdraw_incident($1)",
        [id],
      );
      context.print(`incident ${id} is withdrawn`, incident);
    });
  },
};

export default command;
