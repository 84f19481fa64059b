import type { Command } from "../command.ts";

interface Rule extends Record<string, unknown> {
  readonly rule: string;
  readonly dataset: string;
  readonly family: string;
  readonly severity: string;
  readonly version: string;
  readonly expectation: string | null;
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
  readonly masked_rows: number;
}

/** `marketbase rules list`. */
const command: Command = {
  name: "rules list",
  summary: "List the rules in force and what they said last, or what can be expected",
  usage: "[--dataset TABLE] [--custom | --expectations]",
  examples: [
    ["marketbase rules list --dataset price_data", "the rules on bars"],
    ["marketbase rules list --custom", "those that were defined by parameters or by a condition"],
    ["marketbase rules list --expectations", "what can be expected of a table, with parameters"],
  ],
  options: {
    dataset: { type: "string", value: "TABLE", description: "only rules that look at TABLE" },
    custom: { type: "boolean", description: "only expectations and conditions, not the rules of the repository" },
    expectations: { type: "boolean", description: "the expectations that a rule can be made of" },
  },
  async run(context) {
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase rules list", "reader", 1, async (pool) => {
      if (context.flag("expectations")) {
        const known = await rows<{ expectation: string; parameters: Record<string, string>; description: string; great_expectations: string[] }>(
          pool,
          "select expectation, parameters, description, great_expectations from quality.expectation order by expectation",
        );
        const shown = (parameters: Record<string, string>) => {
          const [needed, optional] = [false, true].map((isOptional) => Object.keys(parameters).filter((name) => parameters[name]?.endsWith("?") === isOptional));
          return [...(needed ?? []), ...(optional ?? []).map((name) => `[${name}]`)].join(" ");
        };
        context.print(table(["expectation", "parameters", "what is expected"], known.map((one) => [one.expectation, shown(one.parameters), one.description])), known);
        return;
      }
      const rules = await rows<Rule>(
        pool,
        `select summary.rule, summary.dataset, summary.family, summary.severity, summary.version, in_force.expectation, summary.passed_count::float8 as passed,
           summary.warned_count::float8 as warned, summary.failed_count::float8 as failed, summary.masked_row_count::float8 as masked_rows
         from quality.rule_summary as summary
         join quality.rule_in_force as in_force using (rule)
         where ($1::text is null or summary.dataset = $1) and (in_force.expectation is not null or not $2)
         order by summary.dataset, summary.rule`,
        [context.option("dataset") ?? null, context.flag("custom")],
      );
      context.print(
        rules.length === 0
          ? "There is no such rule. marketbase rules define --help has examples."
          : table(
              ["rule", "dataset", "family", "severity", "version", "expects", "passed", "warned", "failed"],
              rules.map((one) => [one.rule, one.dataset, one.family, one.severity, one.version, one.expectation ?? "", count(one.passed), count(one.warned), count(one.failed)]),
            ),
        rules,
      );
    });
  },
};

export default command;
