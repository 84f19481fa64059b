import type { Command } from "../command.ts";

/** `marketbase rules show`. */
const command: Command = {
  name: "rules show",
  summary: "Show a rule: what it means, its parameters, what it said last and who changed it when",
  usage: "RULE",
  examples: [
    ["marketbase rules show price_spike", "a rule of the repository"],
    ["marketbase rules show close_band --json", "with everything, for programs"],
  ],
  arguments: { min: 1, max: 1 },
  options: {},
  async run(context) {
    const { rows } = await import("../../database/pool.ts");
    const { table } = await import("../../output/table.ts");
    const { EXIT, UserError } = await import("../../config/user-error.ts");
    const { withPool } = await import("../with-pool.ts");
    const [rule = ""] = context.args;
    await withPool(context, "marketbase rules show", "reader", 1, async (pool) => {
      const history = await rows<{ at: string; version: string | null; by: string | null }>(
        pool,
        `select to_char(in_force_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') as at, version, activated_by as by
         from quality.rule_activation where rule = $1 order by in_force_from`,
        [rule],
      );
      const [shown] = await rows<Record<string, unknown> & { parameters: object; description: string; remedy: string }>(
        pool,
        `select r.rule, r.version, r.dataset, r.family, r.severity, r.expectation, r.function_name, r.parameters, r.description, r.remedy,
           summary.passed_count::float8 as passed, summary.warned_count::float8 as warned, summary.failed_count::float8 as failed, summary.masked_row_count::float8 as masked_rows
         from quality.validation_rule as r
         left join quality.rule_summary as summary on summary.rule = r.rule and summary.version = r.version
         where r.rule = $1 and r.version = (
           select activation.version from quality.rule_activation as activation
           where activation.rule = $1 and activation.version is not null
           order by activation.in_force_from desc limit 1
         )`,
        [rule],
      );
      if (shown === undefined) {
        throw new UserError(`There is no rule ${JSON.stringify(rule.slice(0, 80))}.`, { exitCode: EXIT.usage, hint: "marketbase rules list has them." });
      }
      const isRetired = history.at(-1)?.version === null;
      const { parameters, description, remedy, ...rest } = shown;
      context.print(
        [
          table(["", ""], [...Object.entries(rest).filter(([, cell]) => cell !== null), ["parameters", JSON.stringify(parameters)], ["when it fails", description], ["what to do", remedy]]).split("\n").slice(2).join("\n"),
          "",
          table(["from", "version", "by"], history.map((one) => [one.at, one.version ?? "retired", one.by ?? ""])),
        ].join("\n"),
        { ...shown, is_retired: isRetired, history },
      );
    });
  },
};

export default command;
