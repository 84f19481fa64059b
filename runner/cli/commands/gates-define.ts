import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase gates define`: which findings hold a step back. */
const command: Command = {
  name: "gates define",
  summary: "Say which findings hold a step back",
  usage: "STEP --description TEXT [--dataset NAME…] [--severity NAME…] [--rule NAME…]",
  details:
    "STEP is features, train or predict. Open findings of these severities in these datasets hold it back, and those of these rules whatever their severity, also on bodies.\n" +
    "Without --dataset those that the gate has now. What the gate said before stays on record; the same again changes nothing.",
  examples: [
    ['marketbase gates define features --dataset price_data --severity critical --severity error --description "Wrong bars make wrong features."', "by severity"],
    ['marketbase gates define predict --severity critical --rule var_traffic_light --description "No prediction while the risk model is in the red zone."', "and a rule by name"],
  ],
  arguments: { min: 1, max: 1 },
  options: {
    description: { type: "string", value: "TEXT", description: "why" },
    dataset: { type: "string", value: "NAME", description: "stored data on which the step depends", multiple: true },
    severity: { type: "string", value: "NAME", description: "severities that hold back", choices: ["critical", "error", "warning", "info"], multiple: true },
    rule: { type: "string", value: "NAME", description: "rules that hold back, whatever their severity", multiple: true },
  },
  async run(context) {
    const { args, all, option, print } = context;
    const description = option("description");
    const [severities, rules] = [all("severity"), all("rule")];
    if (description === undefined) throw new UserError("A gate has a reason.", { exitCode: EXIT.usage, hint: "Give --description." });
    if (severities.length + rules.length === 0) {
      throw new UserError("A gate names the findings that close it.", { exitCode: EXIT.usage, hint: "Give --severity, --rule or both; marketbase gates remove opens it for good." });
    }
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase gates define", "author", 1, async (pool) => {
      const gate = await one<Record<string, unknown>>(
        pool,
        `select step, datasets, severities, rules, description, in_force_from, recorded_by
         from quality.define_gate(
           $1, coalesce(nullif($2::text[], '{}'), (select datasets from quality.gate_in_force where step = $1), '{}'), $3, $4, $5)`,
        [args[0], all("dataset"), severities, rules, description],
      );
      print(`${String(gate["step"])} is held back by ${[...severities, ...rules].join(", ")}; marketbase gates list shows what that is now`, gate);
    });
  },
};

export default command;
