import type { Command } from "../command.ts";

/** `marketbase rules retire`. */
const command: Command = {
  name: "rules retire",
  summary: "Take a rule that was defined by parameters or by a condition out of force",
  usage: "RULE",
  details: "Its versions, results and findings stay; rules define brings it back. The rules of the repository are changed there.",
  examples: [["marketbase rules retire close_band", "close_band is no longer applied"]],
  arguments: { min: 1, max: 1 },
  options: {},
  async run(context) {
    const { rows } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    const [rule = ""] = context.args;
    await withPool(context, "marketbase rules retire", "author", 1, async (pool) => {
      await rows(pool, "select quality.retire_rule($1)", [rule]);
      context.print(`${rule} is out of force.`, { rule, is_retired: true });
    });
  },
};

export default command;
