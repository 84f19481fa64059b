import { EXIT, UserError } from "../../config/user-error.ts";
import { definitionOfOptions, definitionOptions, isDefinitionFile, readDefinitionFile } from "../../rules/definition.ts";
import type { Command } from "../command.ts";

/** `marketbase rules define`: a rule by parameters or by a condition, without a migration. */
const command: Command = {
  name: "rules define",
  summary: "Define rules by parameters or by a condition, from a file or from options",
  usage: "FILE.json | RULE --dataset TABLE (--expectation NAME --parameters JSON | --expression SQL) --description TEXT --remedy TEXT",
  details:
    "FILE has one definition or a list of them, which are defined all or not at all; - reads standard input:\n" +
    '  {"rule": "close_band", "dataset": "price_data", "expectation": "values_between", "parameters": {"column": "close", "min": 0.01},\n' +
    '   "severity": "warning", "description": "A close below a cent.", "remedy": "Look at the unit of the provider."}\n' +
    "Every expectation takes mostly, row_condition, group_by, time_column, max_findings, and warn and fail with thresholds of their own. The same definition again changes nothing;\n" +
    "a changed one is a new version. A condition has the columns of the table, literals, operators and functions that only compute. Rules are applied by the next validation.",
  examples: [
    ["marketbase rules define rules.json", "define what the file says"],
    [`marketbase rules define vwap_inside --dataset price_data --expression 'close between low and high' --description 'A close outside of its bar.' --remedy 'Ask the provider.'`, "a condition on each row"],
    [`marketbase rules test close_band --dataset price_data --expectation values_between --parameters '{"column": "close", "min": 0.01, "mostly": 0.999}'`, "first see what it would find"],
  ],
  arguments: { min: 1, max: 1 },
  options: definitionOptions,
  async run(context) {
    const [argument = ""] = context.args;
    const given = Object.keys(definitionOptions).find((name) => context.option(name) !== undefined);
    if (isDefinitionFile(argument) && given !== undefined) {
      throw new UserError(`--${given} does not go with a file.`, { exitCode: EXIT.usage, hint: "Write it into the file, or give the name of a rule." });
    }
    const definitions = isDefinitionFile(argument) ? readDefinitionFile(argument) : [definitionOfOptions(argument, context)];
    const { transaction } = await import("../../database/transaction.ts");
    const { defineRules } = await import("../../rules/rules.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase rules define", "author", 1, async (pool) => {
      const defined = await transaction(pool, (client) => defineRules(client, definitions));
      const state = ({ version, before }: (typeof defined)[number]) => (before === null ? "is new" : before === version ? "is as it was" : `has a new version (before: ${before})`);
      context.print(defined.map((one) => `${one.rule}@${one.version} ${state(one)}`).join("\n"), defined);
    });
  },
};

export default command;
