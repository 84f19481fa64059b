import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase gates remove`: a step is held back by nothing. */
const command: Command = {
  name: "gates remove",
  summary: "Open the gate of a step for good",
  usage: "STEP --reason TEXT",
  details: "No finding holds the step back any more, until marketbase gates define. To let through what is held back now, and nothing else, use marketbase gates release.",
  examples: [['marketbase gates remove train --reason "the models are for research only"', "training goes on whatever is found"]],
  arguments: { min: 1, max: 1 },
  options: { reason: { type: "string", value: "TEXT", description: "why" } },
  async run(context) {
    const [step = ""] = context.args;
    const reason = context.option("reason");
    if (reason === undefined) throw new UserError("A gate is opened for a reason.", { exitCode: EXIT.usage, hint: "Give --reason." });
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase gates remove", "author", 1, async (pool) => {
      const gate = await one<Record<string, unknown>>(
        pool,
        `select step, datasets, severities, rules, description, in_force_from, recorded_by
         from quality.define_gate($1, coalesce((select datasets from quality.gate_in_force where step = $1), '{}'), '{}', '{}', $2)`,
        [step, reason],
      );
      context.print(`nothing holds ${step} back any more`, gate);
    });
  },
};

export default command;
